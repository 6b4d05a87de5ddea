import { describe, expect, test } from '@jest/globals';
import { ensureIdHash, type Person } from '@refinio/one.core';
import {
    collectTrust,
    nodeName,
    trustRanks,
    type KeyCertificate,
    type KeyFacts,
    type TrustNode,
} from './trust-graph.ts';

const person = ensureIdHash<Person>('a'.repeat(64));
const node = (key: string): TrustNode => ({ person, key });
// What is certified how plays no part in the graph.
const certificate = {} as KeyCertificate;

/** Keys by those that vouch for them; a key without entry is a root key. */
function graphOf(vouchers: Readonly<Record<string, readonly string[]>>) {
    const asked: string[] = [];
    const factsOf = ({ key }: TrustNode): Promise<KeyFacts> => {
        asked.push(key);
        const by = vouchers[key];
        const vouches = (by ?? []).map(each => ({ certificate, by: node(each) }));
        return Promise.resolve({ kind: by ? 'key' : 'root', vouches, cost: vouches.length, limited: false });
    };
    return { asked, factsOf };
}

describe('the graph of trust', () => {
    test('looks at each key once, whatever the number of ways to it', async () => {
        const layers = 30;
        const vouchers: Record<string, readonly string[]> = { 'left 0': ['root'], 'right 0': ['root'] };
        for (let i = 1; i < layers; i++)
            for (const side of ['left', 'right']) vouchers[`${side} ${i}`] = [`left ${i - 1}`, `right ${i - 1}`];
        const { asked, factsOf } = graphOf(vouchers);
        const graph = await collectTrust(node('left 29'), factsOf);
        expect(asked).toHaveLength(2 * layers);
        expect(trustRanks(graph).get(nodeName(node('left 29')))).toBe(layers);
    });

    test('trusts no loop that no root key leads to', async () => {
        const loop = graphOf({ a: ['b'], b: ['c', 'a'], c: ['a'] });
        expect(trustRanks(await collectTrust(node('a'), loop.factsOf)).size).toBe(0);
        const rooted = graphOf({ a: ['b'], b: ['c', 'a'], c: ['a', 'root'] });
        const ranks = trustRanks(await collectTrust(node('a'), rooted.factsOf));
        expect(['root', 'c', 'b', 'a'].map(key => ranks.get(nodeName(node(key))))).toEqual([0, 1, 2, 3]);
        expect(trustRanks(await collectTrust(node('a'), rooted.factsOf), node('c')).size).toBe(1);
    });

    test('ends at its bounds, and says so', async () => {
        const chain = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}`, [`${i + 1}`]]));
        const { asked, factsOf } = graphOf(chain);
        const whole = await collectTrust(node('0'), factsOf, { maxKeys: 21, maxStatements: 20 });
        expect([whole.limited, trustRanks(whole).has(nodeName(node('0')))]).toEqual([false, true]);
        for (const limits of [
            { maxKeys: 20, maxStatements: 20 },
            { maxKeys: 21, maxStatements: 18 },
        ]) {
            asked.length = 0;
            const { limited, keys } = await collectTrust(node('0'), factsOf, limits);
            expect([limited, asked.length < 21]).toEqual([true, true]);
            expect(trustRanks({ keys, limited }).size).toBe(0);
        }
    });
});
