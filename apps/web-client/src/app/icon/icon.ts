import { Component, computed, input } from '@angular/core';
import { ICON_PATHS, type IconName } from './icon-paths.ts';

/** A picture beside a word. It is hidden from screen readers: the word must say the same. */
@Component({
    selector: 'lama-icon',
    template: `
        <svg viewBox="0 0 24 24" aria-hidden="true">
            <path class="outline" [attr.d]="paths().outline" />
            @if (paths().solid; as solid) {
                <path class="solid" [attr.d]="solid" />
            }
        </svg>
    `,
    styles: `
        :host {
            display: inline-flex;
            flex: none;
            inline-size: 1.5em;
            block-size: 1.5em;
        }
        svg {
            inline-size: 100%;
            block-size: 100%;
        }
        .outline {
            fill: none;
            stroke: currentcolor;
            stroke-width: var(--lama-icon-pen, 1.75);
            stroke-linecap: round;
            stroke-linejoin: round;
        }
        .solid {
            fill: currentcolor;
        }
    `,
})
export class Icon {
    readonly name = input.required<IconName>();
    protected readonly paths = computed(() => ICON_PATHS[this.name()]);
}
