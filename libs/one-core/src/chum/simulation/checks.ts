// For tests: what must be true of a federation that has come to rest (spec 40).
import { accessibleRoots } from '../../access/accessible-roots.ts';
import { reachOf } from '../../access/reach.ts';
import { verifyInstance } from '../../instance/verify.ts';
import type { Microdata } from '../../microdata/microdata.ts';
import type { TestPeer } from '../test-peer.ts';
import type { Contents } from './expected-reach.ts';
import type { Instance } from './instance.ts';
import { countedName, grownName } from './names.ts';
import { typed } from './sample-data.ts';

export interface Resting {
    readonly instances: readonly Instance[];
    /** Those that may meet. */
    readonly pairs: readonly (readonly [Instance, Instance])[];
    /** Names of documents of two of which versions may be lost. */
    readonly lossy: ReadonlySet<string>;
    readonly contents: Contents;
    readonly microdata: Microdata;
}

/** Appends to a list what is not as it must be. */
export class Checks {
    readonly #resting: Resting;
    readonly #problems: string[];

    constructor(resting: Resting, problems: string[]) {
        this.#resting = resting;
        this.#problems = problems;
    }

    async run(): Promise<void> {
        const { instances, pairs } = this.#resting;
        for (const instance of instances) await this.#store(instance);
        for (const [one, other] of this.#meetings()) await this.#reached(one, other);
        for (const owner of instances) await this.#counted(owner);
        for (const [one, other] of pairs) await this.#grown(one, other);
        for (const { status } of instances.flatMap(({ sessions }) => sessions.map(({ session }) => session)))
            for (const { root, error } of status.failed)
                this.#problems.push(
                    `the root ${root} failed: ${error instanceof Error ? error.message : String(error)}`,
                );
    }

    /** All pairs, in both directions. */
    #meetings(): (readonly [Instance, Instance])[] {
        return this.#resting.pairs.flatMap(([one, other]) => [[one, other] as const, [other, one] as const]);
    }

    async #store(instance: Instance): Promise<void> {
        const { contents, instances } = this.#resting;
        const { name, peer, disk, acknowledged } = instance;
        for (const { kind, message } of (await verifyInstance(peer)).problems)
            this.#problems.push(`${name}: ${kind}: ${message}`);
        for (const hash of acknowledged) if (!disk.has(hash)) this.#problems.push(`${name} has lost ${hash}`);
        for (const [hash, bytes] of disk.objects)
            for (const link of contents.of(hash, bytes).links)
                // Grants may come before what is granted.
                if (!disk.has(link.hash) && !contents.of(hash, bytes).isLocal)
                    this.#problems.push(`${name} has ${hash} without ${link.hash}`);
        for (const { person } of instances) await this.#reach(instance, person);
    }

    /** What is kept up to date, what is computed as a whole, and what the test expects are the same. */
    async #reach({ name, peer, reach }: Instance, person: string): Promise<void> {
        const expected = [...reach.of(person).readable].sort();
        const roots = await accessibleRoots(peer.objects, person);
        const computed = [...(await reachOf(peer.objects, roots, hash => peer.blobs.has(hash)))].sort();
        if (JSON.stringify(computed) !== JSON.stringify(expected))
            this.#problems.push(`${name} computes something else for ${person} than the test`);
        const members = [...(await membersFor(peer, person))].sort();
        if (JSON.stringify(members) !== JSON.stringify(expected))
            this.#problems.push(`${name} keeps something else for ${person} than is granted`);
    }

    /** Everything that is for an instance is there, and all versions of what is shared are part of its own history. */
    async #reached(from: Instance, to: Instance): Promise<void> {
        for (const hash of await membersFor(from.peer, to.person))
            if (!to.disk.has(hash)) this.#problems.push(`${hash} has not come from ${from.name} to ${to.name}`);
        for (const { dataIdHash } of offers(from, to))
            if (dataIdHash !== undefined && !to.disk.heads.has(dataIdHash))
                this.#problems.push(`${to.name} has versions of ${dataIdHash} from ${from.name}, and no current one`);
    }

    /** What one instance changes, and how often, everybody who was offered a version knows. */
    async #counted(owner: Instance): Promise<void> {
        const id = await this.#docId(countedName(owner));
        for (const [from, to] of this.#meetings()) {
            const own = Number(currentVersion(to, id)?.['title'] ?? 0);
            for (const { node = '', dataIdHash } of offers(from, to)) {
                const offered = Number(from.reach.versionAt(node)?.['title']);
                if (dataIdHash === id && offered > own)
                    this.#problems.push(`${to.name} is at ${own} of ${owner.name}, ${from.name} offers ${offered}`);
            }
        }
    }

    async #grown(one: Instance, other: Instance): Promise<void> {
        if (this.#resting.lossy.has(grownName(one, other))) return;
        const id = await this.#docId(grownName(one, other));
        const [mine, theirs] = [one, other].map(instance =>
            [...((currentVersion(instance, id)?.['tags'] ?? []) as Iterable<string>)].sort().join(' '),
        );
        if (mine !== theirs)
            this.#problems.push(`${one.name} has "${mine}", ${other.name} has "${theirs}" of what both were given`);
    }

    #docId(id: string): Promise<string> {
        return this.#resting.microdata.idHash(typed({ $type$: 'Doc', id }));
    }
}

/** Entries of the root list for another one. */
function offers(from: Instance, to: Instance): { readonly node?: string; readonly dataIdHash?: string }[] {
    return [...from.reach.of(to.person).roots.values()].map(
        root => JSON.parse(root) as { node?: string; dataIdHash?: string },
    );
}

function currentVersion({ disk, reach }: Instance, id: string) {
    return reach.versionAt(disk.heads.get(id) ?? '');
}

async function membersFor({ accessible }: TestPeer, person: string): Promise<Set<string>> {
    const members = new Set<string>();
    for (const subject of await accessible.subjects(person))
        for await (const member of accessible.members(subject)) members.add(member);
    return members;
}
