import { entryPoint, expectedShape, FIELD_ORDER, type Kind, type Manifest, type Shape } from './shape.ts';
import { type Files, readText } from './workspace/files.ts';
import { libraryScopes, readLayers } from './workspace/layers.ts';

type OwnPart = 'jest.config.js' | 'service';

interface Exception {
    readonly why: string;
    readonly packageName?: string;
    /** What the project has of its own. */
    readonly own?: readonly OwnPart[];
}

/** Projects that differ on purpose, in what and why. Everything else about them is checked all the same. */
export const EXCEPTIONS: Readonly<Record<string, Exception>> = {
    'libs/one-core': { why: 'the name that ONE applications import', packageName: '@refinio/one.core' },
    'libs/one-models': { why: 'the name that ONE applications import', packageName: '@refinio/one.models' },
    'apps/web-client': {
        why: 'Angular in a browser: own compiler, own Jest preset',
        own: ['jest.config.js', 'service'],
    },
    'apps/cli': { why: 'a command that ends, no server with health endpoints', own: ['service'] },
};

/** What only a service with health endpoints needs. */
const OF_SERVICES = ['src/config.ts', 'src/main.int.test.ts'];

/** Folders of all libraries and services. */
export function checkedProjects(files: Files): readonly string[] {
    return ['libs', 'apps'].flatMap(parent =>
        files
            .children(parent)
            .map(child => `${parent}/${child}`)
            .filter(folder => files.exists(`${folder}/package.json`)),
    );
}

/**
 * How a project differs from what the generator would write today: one sentence for each difference, none when it has
 * the shape.
 */
export function findDrift(folder: string, files: Files): readonly string[] {
    const kind: Kind = folder.startsWith('libs/') ? 'library' : 'service';
    const exception = EXCEPTIONS[folder];
    const own = exception?.own ?? [];
    const found = readObject(files, `${folder}/package.json`);
    const root = readObject(files, 'package.json');
    const tags = readTags(found, kind, own.includes('service'), files);
    const shape = expectedShape({
        kind,
        name: folder.slice(folder.indexOf('/') + 1),
        ...(exception?.packageName === undefined ? {} : { packageName: exception.packageName }),
        description: textOr('one sentence', found['description']),
        scope: tags.scope,
        platform: tags.platform,
        version: textOr('', root['version']),
        license: textOr('', root['license']),
    });
    const drift = [
        ...tags.problems,
        ...manifestDrift(found, shape.manifest),
        ...orderDrift(found),
        ...exportsDrift(found['exports']),
        ...fileDrift(folder, shape, own, files),
        ...(kind === 'service' && !own.includes('service') ? serviceDrift(found, folder, shape.manifest, files) : []),
    ];
    return drift.map(sentence => `${folder}/${sentence}.`);
}

function manifestDrift(found: Fields, manifest: Manifest): readonly string[] {
    const fields = ['name', 'version', 'description', 'license', 'private', 'type'] as const;
    return [
        ...fields.flatMap(field => difference(`package.json: "${field}"`, found[field], manifest[field])),
        ...difference('package.json: "nx.name"', asObject(found['nx'])['name'], manifest.nx.name),
        ...Object.entries(manifest.exports ?? {}).flatMap(([entry, form]) =>
            difference(`package.json: "exports" of "${entry}"`, asObject(found['exports'])[entry], form),
        ),
    ];
}

/** Files with the same text everywhere, and those that must be there. */
function fileDrift(folder: string, shape: Shape, own: readonly OwnPart[], files: Files): readonly string[] {
    const { extends: base } = JSON.parse(shape.files['tsconfig.json']) as { readonly extends: string };
    const jest = readText(files, `${folder}/jest.config.js`);
    const present = shape.present.filter(path => !own.includes('service') || !OF_SERVICES.includes(path));
    return [
        ...difference('tsconfig.json: "extends"', readObject(files, `${folder}/tsconfig.json`)['extends'], base),
        ...(own.includes('jest.config.js') ? [] : difference('jest.config.js', jest, shape.files['jest.config.js'])),
        ...present.filter(path => readText(files, `${folder}/${path}`) === undefined).map(path => `${path} is missing`),
    ];
}

/** What makes a process one of our services. */
function serviceDrift(found: Fields, folder: string, manifest: Manifest, files: Files): readonly string[] {
    const dependencies = (['dependencies', 'devDependencies'] as const).flatMap(field =>
        Object.entries(manifest[field] ?? {}).flatMap(([name, range]) =>
            difference(`package.json: "${field}" on ${name}`, asObject(found[field])[name], range),
        ),
    );
    const starts = readText(files, `${folder}/src/main.ts`)?.includes('runService({') !== false;
    return starts ? dependencies : [...dependencies, 'src/main.ts does not start by runService of @lama/service-kit'];
}

function difference(what: string, actual: unknown, expected: unknown): readonly string[] {
    if (JSON.stringify(actual) === JSON.stringify(expected)) return [];
    return [`${what} is ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`];
}

interface Tags {
    readonly scope: string;
    readonly platform: string;
    readonly problems: readonly string[];
}

/** Exactly one scope and one platform, in this order, both known to eslint.config.js and right for the kind. */
function readTags(found: Fields, kind: Kind, ownService: boolean, files: Files): Tags {
    const layers = readLayers(files);
    const tags = asObject(found['nx'])['tags'];
    const [scope = '', platform = '', ...rest] = Array.isArray(tags) ? tags.map(String) : [];
    const scopes = kind === 'service' ? ['app'] : libraryScopes(layers);
    const platforms = kind === 'service' && !ownService ? ['node'] : layers.platforms;
    const known =
        rest.length === 0 &&
        scopes.some(it => scope === `scope:${it}`) &&
        platforms.some(it => platform === `platform:${it}`);
    const expected = `expected a scope (${scopes.join(', ')}) and a platform (${platforms.join(', ')}) of eslint.config.js`;
    return {
        scope: scope.replace('scope:', ''),
        platform: platform.replace('platform:', ''),
        problems: known ? [] : [`package.json: "nx.tags" are ${JSON.stringify(tags)}, ${expected}`],
    };
}

function orderDrift(found: Fields): readonly string[] {
    const fields = Object.keys(found);
    const unknown = fields.filter(field => !FIELD_ORDER.includes(field));
    if (unknown.length > 0) {
        return [
            `package.json: no place is defined for ${unknown.join(', ')} (FIELD_ORDER in tools/generator/src/shape.ts)`,
        ];
    }
    const ordered = FIELD_ORDER.filter(field => fields.includes(field));
    if (ordered.join() === fields.join()) return [];
    return [`package.json: the order of fields is ${fields.join(', ')}, expected ${ordered.join(', ')}`];
}

/** Every further entry point leads to a source and to the compiled forms of the same source. */
function exportsDrift(exports: unknown): readonly string[] {
    return Object.entries(asObject(exports)).flatMap(([entry, form]) => {
        if (entry === '.') return [];
        const source = /^\.\/src\/(.+)\.ts$/.exec(textOr('', asObject(form)['@one/source']))?.[1];
        if (source !== undefined && JSON.stringify(form) === JSON.stringify(entryPoint(source))) return [];
        const expected = JSON.stringify(entryPoint(source ?? 'index'));
        return `package.json: "exports" of "${entry}" is ${JSON.stringify(form)}, expected the form ${expected}`;
    });
}

type Fields = Readonly<Record<string, unknown>>;

function readObject(files: Files, path: string): Fields {
    return asObject(JSON.parse(readText(files, path) ?? '{}'));
}

function asObject(value: unknown): Fields {
    return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function textOr(fallback: string, value: unknown): string {
    return typeof value === 'string' && value !== '' ? value : fallback;
}
