import { entryPoint, expectedShape, FIELD_ORDER, type Kind } from './shape.ts';
import { type Files, readText } from './workspace/files.ts';
import { readLayers } from './workspace/layers.ts';

interface Exception {
    readonly why: string;
    readonly packageName?: string;
    /** What the project has of its own. */
    readonly own?: readonly ('jest.config.js' | 'service')[];
}

/** Projects that differ on purpose, in what and why. Everything else about them is checked all the same. */
export const EXCEPTIONS: Readonly<Record<string, Exception>> = {
    'libs/one-core': { why: 'the name that ONE applications import', packageName: '@refinio/one.core' },
    'libs/one-models': { why: 'the name that ONE applications import', packageName: '@refinio/one.models' },
    'apps/web-client': { why: 'Angular in a browser: own compiler, own Jest preset', own: ['jest.config.js', 'service'] },
    'apps/cli': { why: 'a command that ends, no server with health endpoints', own: ['service'] },
};

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
    const isOwn = (part: 'jest.config.js' | 'service'): boolean => exception?.own?.includes(part) === true;

    const found = readObject(files, `${folder}/package.json`);
    const root = readObject(files, 'package.json');
    const { scope, platform, problems } = readTags(found, kind, isOwn('service'), files);
    const { manifest, files: texts, present } = expectedShape({
        kind,
        name: folder.slice(folder.indexOf('/') + 1),
        ...(exception?.packageName === undefined ? {} : { packageName: exception.packageName }),
        description: textOr('a description', found['description']),
        scope,
        platform,
        version: textOr('', root['version']),
        license: textOr('', root['license']),
    });

    const drift = [...problems, ...orderDrift(found), ...exportsDrift(found['exports'])];
    const compare = (what: string, actual: unknown, expected: unknown): void => {
        if (JSON.stringify(actual) === JSON.stringify(expected)) return;
        drift.push(`${what} is ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`);
    };

    for (const field of ['name', 'version', 'description', 'license', 'private', 'type'] as const) {
        compare(`package.json: "${field}"`, found[field], manifest[field]);
    }
    compare('package.json: "nx.name"', asObject(found['nx'])['name'], manifest.nx.name);
    for (const [entry, form] of Object.entries(manifest.exports ?? {})) {
        compare(`package.json: "exports" of "${entry}"`, asObject(found['exports'])[entry], form);
    }
    for (const field of isOwn('service') ? [] : (['dependencies', 'devDependencies'] as const)) {
        for (const [name, range] of Object.entries(manifest[field] ?? {})) {
            compare(`package.json: "${field}" on ${name}`, asObject(found[field])[name], range);
        }
    }
    const { extends: base } = JSON.parse(texts['tsconfig.json']) as { readonly extends: string };
    compare('tsconfig.json: "extends"', readObject(files, `${folder}/tsconfig.json`)['extends'], base);
    if (!isOwn('jest.config.js')) {
        compare('jest.config.js', readText(files, `${folder}/jest.config.js`), texts['jest.config.js']);
    }
    for (const path of present) {
        if (isOwn('service') && path === 'src/config.ts') continue;
        if (readText(files, `${folder}/${path}`) === undefined) drift.push(`${path} is missing`);
    }
    if (kind === 'service' && !isOwn('service') && !readText(files, `${folder}/src/main.ts`)?.includes('runService({')) {
        drift.push('src/main.ts does not start by runService of @lama/service-kit');
    }
    return drift.map(sentence => `${folder}/${sentence}.`);
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
    const scopes = kind === 'service' ? ['app'] : [...layers.scopes.keys()].filter(it => it !== 'app');
    const platforms = kind === 'service' && !ownService ? ['node'] : layers.platforms;
    const known =
        rest.length === 0 && scopes.some(it => scope === `scope:${it}`) && platforms.some(it => platform === `platform:${it}`);
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
        return [`package.json: no place is defined for ${unknown.join(', ')} (FIELD_ORDER in tools/generator/src/shape.ts)`];
    }
    const ordered = FIELD_ORDER.filter(field => fields.includes(field));
    if (ordered.join() === fields.join()) return [];
    return [`package.json: the order of fields is ${fields.join(', ')}, expected ${ordered.join(', ')}`];
}

/** Every entry point leads to a source and to the compiled forms of the same source. */
function exportsDrift(exports: unknown): readonly string[] {
    return Object.entries(asObject(exports)).flatMap(([entry, form]) => {
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
