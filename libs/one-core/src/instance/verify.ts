// Whether everything is still there and as it was. Looks at all that a store holds, and changes nothing.
import { fingerprintToHex } from '../access/fingerprint.ts';
import { flags, MemberPages } from '../access/member-pages.ts';
import { idRoots, objectRoot, type AccessibleRoot } from '../access/accessible-roots.ts';
import { reachOf } from '../access/reach.ts';
import { decodeHashes } from '../hash-list.ts';
import { contentTypeOfText } from '../microdata/content-type.ts';
import { readJournal, type JournalEntry } from '../objects/journal.ts';
import { linksOf } from '../objects/links.ts';
import { damaged, type ObjectReader } from '../objects/object-reader.ts';
import { ALWAYS_ENABLED, readReverseMap } from '../objects/reverse-map.ts';
import type { Blobs } from '../objects/blobs.ts';
import type { ObjectStore } from '../objects/object-store.ts';

/** Something that is not as it should be. */
export interface VerifyProblem {
    readonly kind: 'object' | 'head' | 'reverse-map' | 'journal' | 'access' | 'blob';
    /** Hash, ID hash, number or name of what is concerned. */
    readonly name: string;
    /** What is wrong and what to do. */
    readonly message: string;
}

export interface VerifyReport {
    readonly objects: number;
    readonly heads: number;
    readonly blobs: number;
    /** Entries. */
    readonly journal: number;
    /** The first problems; `more` counts the others. */
    readonly problems: readonly VerifyProblem[];
    readonly more: number;
}

/** What is looked at: an instance, or these parts of one. */
export interface VerifiedParts {
    readonly objects: ObjectStore;
    readonly blobs: Blobs;
}

/** Problems that a report holds. */
const MAX_PROBLEMS = 1000;
const JOURNAL_PART = 1000;
const RESTORE = 'restore it from a backup, or from an instance that has it';

class Report {
    readonly problems: VerifyProblem[] = [];
    more = 0;

    add(kind: VerifyProblem['kind'], name: string, message: string): void {
        if (this.problems.length < MAX_PROBLEMS) this.problems.push({ kind, name, message });
        else this.more++;
    }

    /** Runs a check; an error of it is a problem. */
    async try(kind: VerifyProblem['kind'], name: string, check: () => Promise<void>): Promise<void> {
        try {
            await check();
        } catch (error) {
            this.add(kind, name, error instanceof Error ? error.message : String(error));
        }
    }
}

/** Memory depends on the largest accessible set, not on the store. */
export async function verifyInstance(one: VerifiedParts): Promise<VerifyReport> {
    const report = new Report();
    // What is on the disk counts.
    one.objects.store.forget();
    const objects = await verifyObjects(one, report);
    const heads = await verifyHeads(one, report);
    const blobs = await verifyBlobs(one, report);
    const journal = await verifyJournal(one, report);
    await verifyAccess(one, report);
    return { objects, heads, blobs, journal, problems: report.problems, more: report.more };
}

/** Every object has its hash, and its links are in the reverse maps that are always kept. */
async function verifyObjects({ objects }: VerifiedParts, report: Report): Promise<number> {
    let count = 0;
    for await (const hash of objects.store.keys('objects')) {
        count++;
        await report.try('object', hash, async () => {
            const text = await objects.findText(hash).catch(ignoreBlobs);
            if (text === undefined) return;
            const type = contentTypeOfText(text);
            const name = type.replace(/ \[ID\]$/, '');
            const kind = type.endsWith(' [ID]') ? 'IdObject' : 'Object';
            if (!ALWAYS_ENABLED[kind].includes(name)) return;
            for (const target of new Set(linksOf(text).map(link => link.hash)))
                if (!(await readReverseMap(objects.store, target, kind, name)).includes(hash))
                    report.add('reverse-map', `${target}.${kind}.${name}`, `It lacks ${hash}; ${RESTORE}`);
        });
    }
    for await (const name of objects.store.keys('rmaps'))
        await report.try('reverse-map', name, async () => {
            const [target = '', kind = '', ...type] = name.split('.');
            for (const hash of await readReverseMap(objects.store, target, kind as 'Object', type.join('.')))
                if (!(await hasValue(objects, hash)))
                    report.add('reverse-map', name, `It names ${hash}, which is not in this store; ${RESTORE}`);
        });
    return count;
}

/** Every head is a version node whose object belongs to the ID. */
async function verifyHeads({ objects }: VerifiedParts, report: Report): Promise<number> {
    let count = 0;
    for await (const idHash of objects.store.keys('vheads')) {
        count++;
        await report.try('head', idHash, async () => {
            const head = await objects.headNode(idHash);
            if (head === undefined) throw new Error(`The head of ${idHash} is damaged; ${RESTORE}`);
            const object = await objects.read(head.node.data);
            if ((await objects.microdata.idHash(object, { lossy: true })) !== (idHash as unknown))
                throw new Error(`The current version of ${idHash} belongs to another ID; ${RESTORE}`);
            await objects.text(idHash);
        });
    }
    return count;
}

async function verifyBlobs({ objects, blobs }: VerifiedParts, report: Report): Promise<number> {
    let count = 0;
    for await (const hash of objects.store.blobs.names()) {
        count++;
        await report.try('blob', hash, async () => {
            await using blob = await blobs.open(hash);
            let size = 0;
            for await (const bytes of blob.stream()) size += bytes.length;
            if (size !== blob.size) throw damaged(hash);
        });
    }
    return count;
}

/** Numbers without gaps, and everything that an entry names is here. */
async function verifyJournal({ objects, blobs }: VerifiedParts, report: Report): Promise<number> {
    let [count, last] = [0, 0];
    for (;;) {
        let entries: JournalEntry[] = [];
        await report.try('journal', String(last), async () => {
            entries = await readJournal(objects.store, last, JOURNAL_PART);
        });
        for (const { number, records } of entries) {
            if (last !== 0 && number !== last + 1)
                report.add('journal', String(last + 1), `Entries ${last + 1} to ${number - 1} are missing; ${RESTORE}`);
            last = number;
            count++;
            for (const record of records) {
                const names = record.kind === 'version' ? [record.hash, record.idHash, record.node] : [record.hash];
                if (record.kind === 'version' && (await objects.head(record.idHash)) === undefined)
                    report.add('head', record.idHash, `It is lost, or damaged; ${RESTORE}`);
                const isBytes = record.kind === 'blob' || record.kind === 'clob';
                for (const name of names)
                    if (!(await (isBytes ? blobs.has(name) : hasValue(objects, name))))
                        report.add(
                            'journal',
                            String(number),
                            `It names ${name}, which is not in this store; ${RESTORE}`,
                        );
            }
        }
        if (entries.length < JOURNAL_PART) return count;
    }
}

/** The sets are what the grants give, and their sums are right. */
async function verifyAccess({ objects, blobs }: VerifiedParts, report: Report): Promise<void> {
    const grants = new Map<string, { kind: 'o' | 'i'; target: string }[]>();
    for await (const key of objects.store.keys('state')) {
        const [, kind, target] = /^grant\.([oi])\.([0-9a-f]{64})$/.exec(key) ?? [];
        if (target === undefined) continue;
        for (const subject of decodeHashes(await objects.store.get('state', key))) {
            const list = grants.get(subject) ?? [];
            list.push({ kind: kind as 'o' | 'i', target });
            grants.set(subject, list);
        }
    }
    for (const [subject, targets] of grants)
        await report.try('access', subject, async () => {
            const roots: AccessibleRoot[] = [];
            for (const { kind, target } of targets)
                if (kind === 'i') roots.push(...(await idRoots(objects, target)).roots);
                else roots.push(...[await objectRoot(objects, target)].filter(root => root !== undefined));
            const expected = await reachOf(objects, roots, hash => blobs.has(hash));
            const pages = new MemberPages(objects.store, subject);
            for await (const member of pages.members())
                if (!expected.delete(member))
                    report.add('access', subject, `It may read ${member}, which nothing grants; run reindex`);
            for (const missing of expected)
                report.add('access', subject, `It may not read ${missing}, which was granted; run reindex`);
            await verifyCounts(objects, pages, report);
        });
}

/** The counts of links, on which revocation depends, and the sums. */
async function verifyCounts(objects: ObjectReader, pages: MemberPages, report: Report): Promise<void> {
    const { subject } = pages;
    const counts = new Map<string, { strong: number; weak: number }>();
    const count = (hash: string, weak: boolean): void => {
        const counted = counts.get(hash) ?? { strong: 0, weak: 0 };
        if (weak) counted.weak++;
        else counted.strong++;
        counts.set(hash, counted);
    };
    for await (const [hash, { flags: set }] of pages.entries()) {
        if ((set & (flags.expanded | flags.vague)) !== flags.expanded) continue;
        const text = await objects.text(hash);
        for (const link of await objects.linksAt(hash, text))
            count(link.hash, link.type === 'blob' || link.type === 'clob');
        if ((set & flags.idCounted) !== 0) count(await objects.microdata.idHash(objects.microdata.parse(text)), false);
    }
    for await (const [hash, { strong, weak }] of pages.entries()) {
        const counted = counts.get(hash) ?? { strong: 0, weak: 0 };
        if (counted.strong !== strong || counted.weak !== weak)
            report.add('access', subject, `Its reasons for ${hash} are counted wrongly; run reindex`);
        counts.delete(hash);
    }
    for (const hash of counts.keys()) report.add('access', subject, `${hash} is missing in its set; run reindex`);
    const [summary, computed] = [await pages.summary(), await pages.computedSummary()];
    if (
        summary.count !== computed.count ||
        fingerprintToHex(summary.fingerprint) !== fingerprintToHex(computed.fingerprint)
    )
        report.add('access', subject, 'Count and fingerprint of its set are not those of its members; run reindex');
}

async function hasValue(objects: ObjectReader, hash: string): Promise<boolean> {
    return (await objects.reader.get('objects', hash)) !== undefined;
}

function ignoreBlobs(error: unknown): undefined {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'OBJECT_IS_BLOB')
        return undefined;
    throw error;
}
