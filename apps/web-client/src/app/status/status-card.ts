import { Component, computed, inject } from '@angular/core';
import { Icon } from '../icon/icon.ts';
import { type IconName } from '../icon/icon-paths.ts';
import { Connectivity } from './connectivity.ts';
import { POLL_INTERVAL_MS } from './limits.ts';
import { describeArchive, describeDevice, type PlaceState } from './place.ts';
import { StatusPoller } from './status-poller.ts';

interface Place extends PlaceState {
    readonly name: string;
    readonly picture: IconName;
}

/** The places where a person's data can be, and how each of them is right now. */
@Component({
    selector: 'lama-status-card',
    imports: [Icon],
    providers: [StatusPoller],
    templateUrl: './status-card.html',
    styleUrl: './status-card.css',
})
export class StatusCard {
    readonly #connectivity = inject(Connectivity);
    readonly #poller = inject(StatusPoller);
    readonly #clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

    protected readonly pollSeconds = POLL_INTERVAL_MS / 1000;

    protected readonly places = computed<readonly Place[]>(() => [
        { name: 'This device', picture: 'device', ...describeDevice(this.#connectivity.online()) },
        { name: 'Your archive', picture: 'archive', ...describeArchive(this.#poller.observation()?.result) },
    ]);

    /** When the archive was last asked, as this person's browser writes times. */
    protected readonly askedAt = computed(() => {
        const at = this.#poller.observation()?.at;
        return at && { machine: at.toISOString(), person: this.#clock.format(at) };
    });
}
