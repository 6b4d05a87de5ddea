// For tests: what the documents of a federation are called, and so who changes them.
import type { Instance } from './instance.ts';

/** Documents that everybody changes. */
export const DOCS = 3;

export function docName(number: number): string {
    return `doc ${number}`;
}

/** Its owner alone changes it: its title is a number that grows. */
export function countedName({ name }: Instance): string {
    return `counted by ${name}`;
}

/** These two change it: its tags are only added to. */
export function grownName(one: Instance, other: Instance): string {
    return `grown by ${[one.name, other.name].sort().join(' and ')}`;
}
