import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RecipeRegistry } from '../recipes/recipe-registry.ts';
import { ChangeLog } from './change-log.ts';
import { HistoryCache } from './history-cache.ts';
import type { Version } from './version-nodes.ts';

const recipe = new RecipeRegistry().get('Person');
const plainVersion: Version = { kind: 'root', depth: 0, creationTime: 1, data: 'd', predecessors: [] };
const versions = (...hashes: string[]) => new Map(hashes.map(hash => [hash, plainVersion]));
const withLog = (bytes: number): Version => {
    const log = new ChangeLog(recipe);
    log.bytes = bytes;
    return { ...plainVersion, log };
};

/** Bytes of one version without log. */
const ONE = (() => {
    const cache = new HistoryCache();
    cache.keep('x', versions('a'));
    return cache.bytes;
})();

/** Transactions whose end the test decides. */
class Transactions {
    readonly callbacks: (() => void)[] = [];
    whenDurable(callback: () => void): void {
        this.callbacks.push(callback);
    }
}

let cache: HistoryCache;
beforeEach(() => {
    cache = new HistoryCache(4 * ONE);
});

describe('a transaction', () => {
    test('finds what it has found out at once, others when it is durable', () => {
        const [one, other] = [new Transactions(), new Transactions()];
        const session = cache.begin(one);
        session.of('x').set('a', plainVersion);
        expect(session.of('x').get('a')).toBe(plainVersion);
        expect(session.of('y').get('a')).toBeUndefined();
        expect(cache.begin(other).of('x').get('a')).toBeUndefined();
        expect(cache.bytes).toBe(0);
        for (const callback of one.callbacks) callback();
        expect(cache.begin(other).of('x').get('a')).toBe(plainVersion);
        expect(cache.begin(other).of('y').get('a')).toBeUndefined();
    });

    test('that fails leaves nothing', () => {
        const failing = new Transactions();
        cache.begin(failing).of('x').set('a', plainVersion);
        expect(cache.begin(new Transactions()).of('x').get('a')).toBeUndefined();
        expect(cache.bytes).toBe(0);
    });

    test('keeps what it saw, even if it is dropped meanwhile', () => {
        cache.keep('x', versions('a'));
        const known = cache.begin(new Transactions()).of('x');
        cache.keep('y', versions('1', '2', '3', '4'));
        expect(cache.get('x')).toBeUndefined();
        expect(known.get('a')).toBe(plainVersion);
    });
});

describe('room', () => {
    test('is made by dropping the history that was not asked for longest, all of it', () => {
        cache.keep('x', versions('1', '2'));
        cache.keep('y', versions('3', '4'));
        cache.get('x');
        cache.keep('z', versions('5'));
        expect(cache.get('y')).toBeUndefined();
        expect([...(cache.get('x')?.keys() ?? [])]).toEqual(['1', '2']);
        expect(cache.bytes).toBe(3 * ONE);
    });

    test('that a history alone exceeds, stays with what is kept of it', () => {
        cache.keep('x', versions('1', '2', '3'));
        cache.keep('x', versions('4', '5', '6'));
        expect([...(cache.get('x')?.keys() ?? [])]).toEqual(['1', '2', '3', '4']);
        expect(cache.bytes).toBe(4 * ONE);
    });

    test('is not made for what would not fit alone', () => {
        cache.keep('x', versions('1'));
        cache.keep('y', new Map([['2', withLog(4 * ONE)]]));
        expect(cache.get('y')).toBeUndefined();
        expect(cache.get('x')?.size).toBe(1);
    });

    test('of a version without log is exchanged for that of one with a log, not the other way round', () => {
        cache.keep('x', versions('1'));
        const version = withLog(ONE);
        cache.keep('x', new Map([['1', version]]));
        cache.keep('x', versions('1'));
        expect(cache.get('x')?.get('1')).toBe(version);
        expect(cache.bytes).toBe(2 * ONE);
    });

    test('is never exceeded, and counted right', () => {
        const step = fc.record({
            id: fc.constantFrom('x', 'y', 'z'),
            hashes: fc.uniqueArray(fc.constantFrom('1', '2', '3', '4', '5'), { minLength: 1 }),
            log: fc.option(fc.nat(2 * ONE)),
        });
        fc.assert(
            fc.property(fc.array(step, { maxLength: 20 }), steps => {
                const own = new HistoryCache(4 * ONE);
                for (const { id, hashes, log } of steps) {
                    const version = log === null ? plainVersion : withLog(log);
                    own.keep(id, new Map(hashes.map(hash => [hash, version])));
                    let bytes = 0;
                    for (const name of ['x', 'y', 'z'])
                        for (const { log } of own.get(name)?.values() ?? []) bytes += ONE + (log?.bytes ?? 0);
                    expect(own.bytes).toBe(bytes);
                    expect(bytes).toBeLessThanOrEqual(4 * ONE);
                }
            }),
        );
    });
});
