// How a recording is changed where ours deviates from it: everything else is still compared byte for byte.
import { beginningOf, placeOf, type Frame, type Place } from './chum-frames.ts';

/** Changes what is expected of ours, or what the other side does then. */
export type Edit = (frames: readonly Frame[]) => readonly Frame[];

/** Of requests that are still to be numbered. */
const UNNUMBERED = -1;

export function edited(frames: readonly Frame[], edits: readonly Edit[] = []): readonly Frame[] {
    return edits.reduce((before, edit) => edit(before), frames);
}

/** Other data in place of those of recorded answers. */
export function answered(answers: Readonly<Record<number, unknown>>): Edit {
    return replaced(answers, (responseId, data) => ({ responseId, type: 'data', data }));
}

/** Errors in place of recorded answers, by their codes; their texts are free. */
export function refused(codes: Readonly<Record<number, string>>): Edit {
    return replaced(codes, (responseId, code) => ({
        responseId,
        type: 'error',
        error: { name: 'Error', message: `${code}: <text>`, code },
    }));
}

/** Errors in place of recorded answers, without code. */
export function failed(...numbers: readonly number[]): Edit {
    const error = { name: 'TypeError', message: '<text>', code: '$__undefined$' };
    const answers = Object.fromEntries(numbers.map(n => [n, error]));
    return replaced(answers, responseId => ({ responseId, type: 'error', error }));
}

function replaced<T>(answers: Readonly<Record<number, T>>, message: (responseId: number, answer: T) => object): Edit {
    return frames =>
        Object.entries(answers).reduce((before, [n, answer]) => {
            const at = indexOf(before, Number(n));
            const { dir = '' } = before[at] ?? {};
            const responseId = placeOfFrame(before[at])?.id ?? NaN;
            return before.with(at, { n: Number(n), dir, text: JSON.stringify(message(responseId, answer)) });
        }, frames);
}

/** A request of one side and its answer behind a recorded frame; later requests of that side count on. */
export function asked(after: number, dir: string, serviceId: number, args: readonly unknown[], data: unknown): Edit {
    const [from, to] = dir.split('>');
    const request = { requestId: UNNUMBERED, type: 'request', serviceId, args };
    const answer = { responseId: UNNUMBERED, type: 'data', data };
    return frames => {
        const at = indexOf(frames, after) + 1;
        const added = [
            { dir, text: JSON.stringify(request) },
            { dir: `${to}>${from}`, text: JSON.stringify(answer) },
        ];
        return renumbered([...frames.slice(0, at), ...added, ...frames.slice(at)], dir);
    };
}

/** Without some frames of one side's requests and their answers. */
export function without(dir: string, ...numbers: readonly number[]): Edit {
    return frames => {
        const left = new Set(numbers.map(n => indexOf(frames, n)));
        return renumbered(
            frames.filter((_, i) => !left.has(i)),
            dir,
        );
    };
}

/** Ends with other frames than from a recorded one on. */
export function ending(from: number, ...end: readonly Frame[]): Edit {
    return frames => [...frames.slice(0, indexOf(frames, from)), ...end];
}

/** Some frames, in this order, at the place of the first of them; requests of one side are numbered in their new order. */
export function reordered(dir: string, ...numbers: readonly number[]): Edit {
    return frames => {
        const moved = numbers.map(n => indexOf(frames, n));
        const at = Math.min(...moved);
        const rest = frames.map((_, i) => i).filter(i => !moved.includes(i));
        const order = [...rest.filter(i => i < at), ...moved, ...rest.filter(i => i > at)];
        return renumbered(
            order.map(i => frames[i]).filter(frame => frame !== undefined),
            dir,
        );
    };
}

/** Requests of one side get the numbers 0, 1, 2 … in their order, and what belongs to them the same ones. */
function renumbered(frames: readonly Frame[], dir: string): readonly Frame[] {
    const isRequest = (frame: Frame): boolean => frame.dir === dir && placeOfFrame(frame)?.type === 'request';
    const ids = new Map(frames.filter(isRequest).map((frame, i) => [placeOfFrame(frame)?.id, i]));
    return frames.map(frame => {
        const place = placeOfFrame(frame);
        const belongs = (frame.dir === dir) !== (place?.type === 'answer');
        const id = ids.get(place?.id);
        if (!belongs || id === undefined || id === place?.id) return frame;
        if (frame.text === undefined) throw new Error(`Frame ${frame.n} cannot get another number.`);
        return { ...frame, text: frame.text.replace(/(?<=^\{"(?:request|response)Id":)-?\d+/, `${id}`) };
    });
}

function indexOf(frames: readonly Frame[], n: number): number {
    const at = frames.findIndex(frame => frame.n === n);
    if (at < 0) throw new Error(`There is no frame ${n}.`);
    return at;
}

/** Undefined for a close. */
function placeOfFrame(frame: Frame | undefined): Place | undefined {
    return frame === undefined || frame.close !== undefined ? undefined : placeOf(beginningOf(frame));
}
