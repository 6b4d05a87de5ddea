import { type ArchiveStatus } from '@lama/federation';
import { type IconName } from '../icon/icon-paths.ts';
import { type StatusFailure, type StatusResult } from './fetch-system-status.ts';
import { REQUEST_TIMEOUT_MS } from './limits.ts';

/** How a state looks; the words beside it say the same. */
export type Tone = 'good' | 'warning' | 'bad' | 'quiet';

/** The state of a place where data can be, in a person's words. */
export interface PlaceState {
    readonly tone: Tone;
    readonly icon: IconName;
    /** One or two words. */
    readonly state: string;
    /** One sentence. */
    readonly detail: string;
    /** What the service gave as the reason, in its words. */
    readonly reason?: string | undefined;
}

export function describeDevice(online: boolean): PlaceState {
    return online
        ? { tone: 'good', icon: 'check', state: 'Online', detail: 'This browser has a network connection.' }
        : {
              tone: 'quiet',
              icon: 'pause',
              state: 'Offline',
              detail: 'This browser has no network connection right now.',
          };
}

/** @param result undefined while the first answer is awaited */
export function describeArchive(result: StatusResult | undefined): PlaceState {
    if (!result) {
        return {
            tone: 'quiet',
            icon: 'wait',
            state: 'Asking',
            detail: `Waiting for the first answer, ${seconds(REQUEST_TIMEOUT_MS)} at most.`,
        };
    }
    return result.type === 'answer' ? describeAnswer(result.status.archive) : describeFailure(result.failure);
}

function describeAnswer({ state, reason }: ArchiveStatus): PlaceState {
    switch (state) {
        case 'ready':
            return { tone: 'good', icon: 'check', state: 'Ready', detail: 'Your archive is running and answers.' };
        case 'degraded':
            return {
                tone: 'warning',
                icon: 'warning',
                state: 'Limited',
                detail: 'Your archive is running, but not everything works.',
                reason,
            };
        case 'unreachable':
            return {
                tone: 'bad',
                icon: 'cross',
                state: 'Not reachable',
                detail: 'The service in front of your archive answers, but the archive itself does not.',
                reason,
            };
    }
}

function describeFailure(failure: StatusFailure): PlaceState {
    return { tone: 'bad', icon: 'question', state: 'No answer', detail: failureDetail(failure) };
}

function failureDetail(failure: StatusFailure): string {
    switch (failure.type) {
        case 'timeout':
            return `The service in front of your archive did not answer within ${seconds(failure.timeoutMs)}.`;
        case 'network':
            return 'The service in front of your archive cannot be reached. Check that it is running.';
        case 'refused':
            return `The service in front of your archive answered with error ${failure.httpStatus}.`;
        case 'invalid':
            return (
                'The service in front of your archive gave an answer that this page does not understand. ' +
                'Reload the page; if nothing changes, both are of different versions.'
            );
    }
}

function seconds(milliseconds: number): string {
    return `${milliseconds / 1000} seconds`;
}
