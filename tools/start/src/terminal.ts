/** Where `npm start` speaks to the person who typed it. */
export interface Terminal {
    readonly say: (text: string) => void;
    readonly complain: (text: string) => void;
    /** Something that happened while the system runs, with the time of day. */
    readonly note: (text: string) => void;
}

export const terminal: Terminal = {
    say: text => void process.stdout.write(`${text}\n`),
    complain: text => void process.stderr.write(`${text}\n`),
    note: text => void process.stdout.write(`${new Date().toLocaleTimeString('en-GB')}  ${text}\n`),
};
