// objects.json (spec 10 §12): objects, microdata, hashes, recipes and everything that must be refused.
import { hashBytes, hashText } from '../crypto/hash.ts';
import { base64ToUint8Array, hexToUint8ArrayWithCheck } from '../crypto/hex.ts';
import type { Typed } from '../hashes.ts';
import { instanceIdHash, personIdHash, storageLocationHash } from '../instance/instance-ids.ts';
import { contentTypeOfBytes, contentTypeOfText } from '../microdata/content-type.ts';
import { stringifyCanonical } from '../microdata/canonical-json.ts';
import { Microdata } from '../microdata/microdata.ts';
import { parseTolerant } from '../microdata/tolerant.ts';
import { RecipeRegistry } from '../recipes/recipe-registry.ts';
import { validateRecipe } from '../recipes/validate-recipe.ts';
import { expectEqual, expectError } from './expectations.ts';
import { decodeTagged } from './tagged-values.ts';
import { notEmpty, unknownSections, type VectorCase, type VectorSuite } from './vector-suite.ts';

interface Example {
    readonly id: string;
}
interface SerializeExample extends Example {
    readonly object: unknown;
    readonly microdata: string;
    readonly hash: string;
    readonly idMicrodata?: string;
    readonly idHash?: string;
    readonly idObject?: unknown;
    readonly parsed?: unknown;
}
interface RecipeExample {
    readonly name: string;
    readonly versioned: boolean;
    readonly object: unknown;
    readonly microdata: string;
    readonly hash: string;
    readonly idHash: string;
}
type Kind = 'object' | 'id';

interface ObjectVectors {
    readonly recipes: readonly unknown[];
    readonly serialize: readonly SerializeExample[];
    readonly coreRecipes: readonly RecipeExample[];
    readonly recipeNormalization: readonly (Example & Omit<RecipeExample, 'object'> & { readonly input: unknown })[];
    readonly invalidObjects: readonly (Example & {
        as: Kind;
        object: unknown;
        code: string | null;
        deployedText?: string;
    })[];
    readonly invalidMicrodata: readonly (Example & { as: Kind; microdata: string; expectedType?: string })[];
    readonly nonCanonical: readonly (Example & {
        as: Kind;
        microdata: string;
        deployedResult: unknown;
        rewritten: string | null;
    })[];
    readonly invalidRecipes: readonly (Example & { recipe: unknown; code: string })[];
    readonly validRecipes: readonly (Example & { recipe: unknown })[];
    readonly binary: readonly (Example & { hex?: string; base64?: string; text?: string; hash: string })[];
    readonly instanceIds: readonly (Example & {
        name: string;
        email: string;
        ownerIdHash: string;
        instanceIdHash: string;
        storageId: string;
    })[];
    readonly stringify: readonly (Example & { value: unknown; json: string })[];
    readonly contentType: readonly { what: string; text: string; type: string }[];
}

const sections = [
    'about',
    'encoding',
    'sections',
    'recipes',
    'serialize',
    'coreRecipes',
    'recipeNormalization',
    'invalidObjects',
    'invalidMicrodata',
    'nonCanonical',
    'invalidRecipes',
    'validRecipes',
    'binary',
    'instanceIds',
    'stringify',
    'contentType',
];
/** Deployed writers store these lossily; ours does so only when asked. */
const LOSSY = new Set(['person-lone-surrogate', 'num-nan', 'num-inf', 'num-neginf']);
/** Codes that name an accident of the original rather than a rule; ours has one that says what is wrong. */
const OWN_CODES = new Set(['SyntaxError', 'TypeError']);

export const objectsSuite: VectorSuite = {
    file: 'objects.json',
    cases: json => objectCases(json as ObjectVectors),
};

function objectCases(vectors: ObjectVectors): VectorCase[] {
    const recipes = new RecipeRegistry();
    for (const recipe of vectors.recipes) recipes.register(decodeTagged(recipe));
    const microdata = new Microdata(recipes);
    const utf8 = new TextEncoder();

    const list = <T>(
        section: string,
        examples: readonly T[],
        name: (example: T) => string,
        run: (example: T) => unknown,
    ) =>
        notEmpty(section, examples).map((example): VectorCase => ({
            name: `${section}/${name(example)}`,
            run: async () => {
                await run(example);
            },
        }));
    const id = ({ id }: Example): string => id;
    const write = (value: unknown, as: Kind, lossy: boolean): string =>
        as === 'id' ? microdata.writeId(value as Typed, { lossy }) : microdata.write(value as Typed, { lossy });
    const parse = (text: string, as: Kind, expected?: readonly string[]): Typed =>
        as === 'id' ? microdata.parseId(text, expected) : microdata.parse(text, expected);

    async function serialize(example: SerializeExample): Promise<void> {
        const object = decodeTagged(example.object) as Typed;
        const lossy = LOSSY.has(example.id);
        if (lossy) await expectError(() => microdata.write(object), 'writing what cannot be read back');
        expectEqual(microdata.write(object, { lossy }), example.microdata, 'microdata');
        expectEqual(await microdata.hash(object, { lossy }), example.hash, 'hash');
        expectEqual(await hashText(example.microdata), example.hash, 'hash of the text');
        expectEqual(contentTypeOfBytes(utf8.encode(example.microdata)), object.$type$, 'content type');
        const parsed = microdata.parse(example.microdata);
        expectEqual(parsed, decodeTagged(example.parsed ?? example.object), 'parsed object');
        expectEqual(microdata.write(parsed, { lossy: true }), example.microdata, 'microdata of the parsed object');
        expectEqual(parseTolerant(recipes, example.microdata), parsed, 'tolerantly parsed object');
        expectEqual(recipes.isVersioned(object.$type$), example.idMicrodata !== undefined, 'versioned');
        if (example.idMicrodata === undefined) return;
        expectEqual(microdata.writeId(object, { lossy }), example.idMicrodata, 'ID microdata');
        expectEqual(
            microdata.writeId(parsed, { lossy: true }),
            example.idMicrodata,
            'ID microdata of the parsed object',
        );
        expectEqual(await microdata.idHash(object, { lossy }), example.idHash, 'ID hash');
        expectEqual(microdata.parseId(example.idMicrodata), decodeTagged(example.idObject), 'ID object');
    }

    async function recipe(
        expected: Omit<RecipeExample, 'object' | 'versioned' | 'name'>,
        object: Typed,
    ): Promise<void> {
        expectEqual(microdata.write(object), expected.microdata, 'microdata');
        expectEqual(await microdata.hash(object), expected.hash, 'hash');
        expectEqual(await microdata.idHash(object), expected.idHash, 'ID hash');
        // What comes out of storage is revived and has the same hash again.
        expectEqual(
            microdata.write(validateRecipe(microdata.parse(expected.microdata))),
            expected.microdata,
            'revived',
        );
    }

    return [
        ...list('serialize', vectors.serialize, id, serialize),
        ...list(
            'coreRecipes',
            vectors.coreRecipes,
            ({ name }) => name,
            async example => {
                await recipe(example, recipes.get(example.name));
                const [actual, expected] = [recipes.get(example.name), decodeTagged(example.object)];
                // The order of a Set in memory is nobody's business.
                expectEqual(stringifyCanonical(actual), stringifyCanonical(expected), 'recipe');
                expectEqual(recipes.isVersioned(example.name), example.versioned, 'versioned');
            },
        ),
        ...list('recipeNormalization', vectors.recipeNormalization, id, example =>
            recipe(example, validateRecipe(decodeTagged(example.input))),
        ),
        ...list('invalidObjects', vectors.invalidObjects, id, async ({ as, object, code, deployedText }) => {
            for (const lossy of [false, true])
                await expectError(() => write(decodeTagged(object), as, lossy), 'the object', code ?? undefined);
            if (deployedText !== undefined)
                await expectError(() => parse(deployedText, as), 'the text of deployed peers');
        }),
        ...list('invalidMicrodata', vectors.invalidMicrodata, id, async ({ as, microdata: text, expectedType }) => {
            await expectError(
                () => parse(text, as, expectedType === undefined ? undefined : [expectedType]),
                'the text',
            );
            if (expectedType === undefined)
                await expectError(() => parseTolerant(recipes, text, { id: as === 'id' }), 'the text, tolerantly');
        }),
        ...list(
            'nonCanonical',
            vectors.nonCanonical,
            id,
            async ({ as, microdata: text, deployedResult, rewritten }) => {
                await expectError(() => parse(text, as), 'the text');
                const tolerant = parseTolerant(recipes, text, { id: as === 'id' });
                expectEqual(tolerant, decodeTagged(deployedResult), 'tolerantly parsed object');
                if (rewritten === null) await expectError(() => write(tolerant, as, true), 'writing it again');
                else expectEqual(write(tolerant, as, true), rewritten, 'written again');
            },
        ),
        ...list('invalidRecipes', vectors.invalidRecipes, id, async ({ recipe: invalid, code }) => {
            const registry = new RecipeRegistry();
            const expected = OWN_CODES.has(code) ? undefined : code;
            await expectError(() => registry.register(decodeTagged(invalid)), 'the recipe', expected);
        }),
        ...list('validRecipes', vectors.validRecipes, id, ({ recipe: valid }) =>
            new RecipeRegistry().register(decodeTagged(valid)),
        ),
        ...list('binary', vectors.binary, id, async ({ hex, base64, text, hash }) => {
            const bytes = hex === undefined ? base64ToUint8Array(base64 ?? '') : hexToUint8ArrayWithCheck(hex);
            expectEqual(await (text === undefined ? hashBytes(bytes) : hashText(text)), hash, 'hash');
        }),
        ...list('instanceIds', vectors.instanceIds, id, async ({ name, email, ...expected }) => {
            expectEqual(await personIdHash(email), expected.ownerIdHash, 'ID hash of the owner');
            expectEqual(await instanceIdHash(name, email), expected.instanceIdHash, 'ID hash of the instance');
            expectEqual(await storageLocationHash(name, email), expected.storageId, 'storage location');
        }),
        ...list('stringify', vectors.stringify, id, ({ value, json }) =>
            expectEqual(stringifyCanonical(decodeTagged(value)), json, 'canonical JSON'),
        ),
        ...list(
            'contentType',
            vectors.contentType,
            ({ what }) => what,
            ({ text, type }) => {
                expectEqual(contentTypeOfText(text), type, 'content type');
                expectEqual(contentTypeOfBytes(utf8.encode(text)), type, 'content type of the bytes');
            },
        ),
        ...unknownSections(vectors, sections),
    ];
}
