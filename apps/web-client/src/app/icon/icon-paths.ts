/** Outlines on a 24 × 24 grid, drawn with a round pen; `solid` is filled. Ours, so no font and no network is needed. */
interface IconPaths {
    readonly outline: string;
    readonly solid?: string;
}

export type IconName =
    'archive' | 'check' | 'cross' | 'device' | 'moon' | 'pause' | 'question' | 'sun' | 'system' | 'wait' | 'warning';

export const ICON_PATHS: Readonly<Record<IconName, IconPaths>> = {
    archive: {
        outline:
            'M6 4h12a2 2 0 0 1 2 2v3a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2Z' +
            'M6 13h12a2 2 0 0 1 2 2v3a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-3a2 2 0 0 1 2-2Z' +
            'M8 7.5h.01M8 16.5h.01M12 7.5h4M12 16.5h4',
    },
    check: { outline: 'm5 12.5 4.5 4.5L19 7.5' },
    cross: { outline: 'm6.5 6.5 11 11M17.5 6.5l-11 11' },
    device: { outline: 'M5 15.5V7a2 2 0 0 1 2-2h10a2 2 0 0 1 2 2v8.5M2.5 19h19' },
    moon: { outline: 'M20 14.2A8.4 8.4 0 1 1 9.8 4a6.6 6.6 0 0 0 10.2 10.2Z' },
    pause: { outline: 'M9 6v12M15 6v12' },
    question: { outline: 'M8.7 8.8a3.4 3.4 0 1 1 4.9 3.1c-1 .5-1.6 1.1-1.6 2.3M12 18.2h.01' },
    sun: {
        outline:
            'M12 8a4 4 0 1 0 0 8 4 4 0 1 0 0-8ZM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2' +
            'M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4',
    },
    system: {
        outline: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 1 0 0-17Z',
        solid: 'M12 3.5a8.5 8.5 0 0 1 0 17Z',
    },
    wait: { outline: 'M6 12h.01M12 12h.01M18 12h.01' },
    warning: { outline: 'M12 5v8.5M12 18.5h.01' },
};
