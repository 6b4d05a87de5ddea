// Ten thousand contacts: how long it takes to open an instance that has them, to list them, to name and to find them, and to
// take over a thousand profiles that come at once.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
    generateIdentityRecord,
    OneInstance,
    publicIdentityRecord,
    type SHA256IdHash,
    type Person,
} from '@refinio/one.core';
import { EmbeddedBackend } from '@refinio/one.core/storage/embedded';
import { createProfileIn, LeuteModel, modelOptions } from '@refinio/one.models';

const { values } = parseArgs({
    options: { contacts: { type: 'string', default: '10000' }, folder: { type: 'string', default: tmpdir() } },
});
const CONTACTS = Number(values.contacts);
const INCOMING = 1000;
const LOOKUPS = 1000;
const BATCH = 500;

const row = (name: string, value: string): void => void process.stdout.write(`${name.padEnd(64)}${value}\n`);
const ms = (since: number): string => `${(performance.now() - since).toFixed(0)} ms`;

const folder = await mkdtemp(join(values.folder, 'bench-people-'));
const open = () =>
    OneInstance.open({
        ...modelOptions,
        ...{ name: 'a', email: 'a@example.org', secret: 's' },
        storage: EmbeddedBackend.open(join(folder, 'a'), { create: true }),
    });
const keys: string[] = [];
try {
    {
        await using one = await open();
        await using leute = new LeuteModel(one);
        await leute.init();
        const start = performance.now();
        for (let at = 0; at < CONTACTS; at += BATCH) {
            const records = Array.from({ length: Math.min(BATCH, CONTACTS - at) }, (_, i) =>
                publicIdentityRecord(
                    generateIdentityRecord({ personEmail: `${at + i}@example.org`, url: 'wss://relay.example.org' }),
                ),
            );
            keys.push(...records.map(({ personSignKeyPublic }) => personSignKeyPublic));
            await leute.importContacts(records);
        }
        await leute.settled();
        row(`${CONTACTS.toLocaleString('en')} contacts from identity records`, ms(start));
    }
    const opened = performance.now();
    await using one = await open();
    row('instance opened', ms(opened));
    const started = performance.now();
    await using leute = new LeuteModel(one);
    await leute.init();
    row('… and its people', ms(started));
    const listed = performance.now();
    const others = await leute.others();
    row(`${others.length.toLocaleString('en')} contacts listed`, ms(listed));
    const named = performance.now();
    for (const other of others.slice(0, LOOKUPS)) await leute.displayName(other.identities[0] ?? one.owner);
    row(`${LOOKUPS} names`, ms(named));
    const again = performance.now();
    for (const other of others.slice(0, LOOKUPS)) await leute.displayName(other.identities[0] ?? one.owner);
    row('… once more', ms(again));
    const paged = performance.now();
    const { next, total } = await leute.contacts.page();
    row(`first page of ${total.toLocaleString('en')}, in the order of names`, ms(paged));
    const second = performance.now();
    await leute.contacts.page(next && { after: next });
    row('second page', ms(second));
    const found = performance.now();
    for (const key of keys.slice(0, LOOKUPS)) await leute.findPersonsBySignKey(key);
    row(`${LOOKUPS} persons found by their keys`, ms(found));
    const trusted = performance.now();
    for (const key of keys.slice(0, LOOKUPS)) await leute.trust.isKeyTrusted(key);
    row(`trust of ${LOOKUPS} keys`, ms(trusted));
    const applied = performance.now();
    const incoming = async (i: number): Promise<void> => {
        await one.objects.transact(async objects => {
            const known = others[i]?.identities[0];
            const { idHash } = await objects.storeId({ $type$: 'Person', email: `new ${i}` } as { $type$: 'Person' });
            // Half of them are of persons that are known.
            const person = i % 2 === 0 && known !== undefined ? known : (idHash as SHA256IdHash<Person>);
            await createProfileIn(objects, { profileId: 'default', personId: person, owner: one.owner });
        });
    };
    await Promise.all(Array.from({ length: INCOMING }, (_, i) => incoming(i)));
    row(`${INCOMING} incoming profiles stored`, ms(applied));
    await leute.settled();
    row('… and taken over', ms(applied));
} finally {
    await rm(folder, { recursive: true });
}
