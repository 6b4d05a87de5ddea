// instance-folder.json: people and trust in the store of an original installation (spec 32-C.6), by our models.
import { cryptoReady, type OneInstance } from '@refinio/one.core';
import { expectEqual, type VectorCase, type VectorSuite } from '@refinio/one.core/vectors';
import { LeuteModel } from '../leute/leute-model.ts';
import { ME_ID } from '../leute/well-known.ts';
import { modelOptions } from '../model-options.ts';
import { SignatureRecipe } from '../recipes/trust-recipes.ts';
import { readAs } from '../typed-objects.ts';
import { openOriginalFolder, type OriginalFolder } from './original-folder.ts';

type Run = (leute: LeuteModel, one: OneInstance) => Promise<void>;

export const originalPeopleSuite: VectorSuite = {
    file: 'instance-folder.json',
    cases: json => {
        const folder = json as OriginalFolder;
        const { expected } = folder;
        const { bob, certificates, note, rootKeys, trust } = expected;
        const one = (name: string, run: Run, isWanted?: (reverseMap: string) => boolean): VectorCase => ({
            name,
            run: async () => {
                await cryptoReady();
                await using instance = await openOriginalFolder(folder, modelOptions, isWanted);
                await using leute = new LeuteModel(instance);
                await leute.init();
                await leute.settled();
                await run(leute, instance);
            },
        });
        return [
            one('people', async (leute, instance) => {
                expectEqual((await leute.me()).idHash, ME_ID, 'ID of me');
                expectEqual(await leute.myMainIdentity(), expected.personIdHash, 'main identity');
                const contacts = await leute.others();
                expectEqual(contacts.length, 1, 'number of contacts');
                const [contact] = contacts;
                expectEqual(contact?.identities, [bob.personIdHash], 'identities of bob');
                const profile = await contact?.mainProfile();
                expectEqual([profile?.idHash, profile?.loadedVersion], [bob.profileIdHash, bob.profileHash], 'profile');
                const keys = profile?.descriptionsOfType('SignKey').map(({ key }) => key);
                expectEqual(keys, [bob.publicSignKeyHex], 'keys of bob');
                const known = await leute.findPersonsBySignKey(bob.publicSignKeyHex);
                expectEqual(known, [bob.personIdHash], 'person of the key');
                expectEqual((await instance.verify()).problems, [], 'problems');
            }),
            one('trust', async (leute, instance) => {
                const [rootKey = ''] = rootKeys;
                expectEqual(await leute.trust.rootKeys(), rootKeys, 'root keys');
                expectEqual(await leute.trust.isKeyTrusted(rootKey), trust.aliceKeyTrusted, 'trust in alice');
                expectEqual(await leute.trust.isKeyTrusted(bob.publicSignKeyHex), trust.bobKeyTrusted, 'trust in bob');
                expectEqual(await leute.trust.rightsOf(instance.owner), { everybody: true, self: true }, 'rights');
                const { certificates: why } = await leute.trust.getKeyTrustInfo(bob.publicSignKeyHex);
                const reasons = why.map(({ certificate }) => certificate.certificateHash);
                expectEqual(reasons, [certificates['trustKeysForBobProfile']], 'reasons');
                const signature = await readAs(
                    instance.objects,
                    SignatureRecipe,
                    certificates['bobSignatureOfNote2'] ?? '',
                );
                const verifying = await leute.trust.findKeyThatVerifiesSignature(signature);
                expectEqual(verifying?.key, bob.publicSignKeyHex, 'key of a signature');
            }),
            one('certificates', async ({ certificates: found }) => {
                expectEqual(await found.signedBy(note.currentHash), trust.note2SignedBy, 'signers');
                expectEqual(
                    await found.affirmedBy(note.firstVersionHash),
                    trust.note1AffirmedBy,
                    'who affirms version 1',
                );
                expectEqual(await found.affirmedBy(note.currentHash), trust.note2AffirmedBy, 'who affirms version 2');
            }),
            one(
                'without the rights of the owner',
                async leute => {
                    expectEqual(await leute.trust.isKeyTrusted(rootKeys[0] ?? ''), true, 'trust in alice');
                    expectEqual(await leute.trust.isKeyTrusted(bob.publicSignKeyHex), false, 'trust in bob');
                    expectEqual(await leute.certificates.signedBy(note.currentHash), [], 'signers');
                },
                name => !name.includes('.RightToDeclare'),
            ),
        ];
    },
};
