/** Calls back once after so many milliseconds. @returns prevents that */
export type Timer = (callback: () => void, ms: number) => () => void;

export const systemTimer: Timer = (callback, ms) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
};
