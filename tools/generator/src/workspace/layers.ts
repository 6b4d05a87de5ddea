import { GeneratorRefusal } from '../refusal.ts';
import { type Files, readText } from './files.ts';

/** The tags of the workspace and who may import whom, as eslint.config.js has them (without `scope:`). */
export interface Layers {
    /** Scope → the scopes it may import. */
    readonly scopes: ReadonlyMap<string, readonly string[]>;
    readonly platforms: readonly string[];
}

/** Scopes of applications, tools and suites: what nobody imports is no library. */
const NOT_FOR_LIBRARIES = ['app', 'tool', 'e2e', 'bench'];

/**
 * Reads the layers from the text of eslint.config.js. The text and not the module: loading the linter with all its
 * plugins takes seconds, and a `Tree` has no modules.
 */
export function readLayers(files: Files): Layers {
    const text = readText(files, 'eslint.config.js') ?? '';
    const tables = (kind: string): ReadonlyMap<string, readonly string[]> => {
        const entries = text.matchAll(new RegExp(`'${kind}:([a-z0-9-]+)':\\s*\\[([^\\]]*)\\]`, 'g'));
        return new Map(Array.from(entries, ([, tag = '', list = '']) => [tag, tagsIn(list)]));
    };
    const scopes = tables('scope');
    const platforms = [...tables('platform').keys()];
    if (scopes.size === 0 || platforms.length === 0) {
        throw new GeneratorRefusal(
            'LAYERS_UNREADABLE',
            "Cannot read the layers in eslint.config.js: expected lines such as 'scope:app': ['scope:federation']. " +
                'If their form has changed, change tools/generator/src/workspace/layers.ts with it.',
        );
    }
    return { scopes, platforms };
}

function tagsIn(list: string): readonly string[] {
    return Array.from(list.matchAll(/'[a-z]+:([a-z0-9-]+)'/g), ([, tag = '']) => tag);
}

/** Scopes a library may have. */
export function libraryScopes({ scopes }: Layers): readonly string[] {
    return [...scopes.keys()].filter(scope => !NOT_FOR_LIBRARIES.includes(scope));
}

/** Who may import a library of this scope. */
export function importersOf(scope: string, { scopes }: Layers): readonly string[] {
    return Array.from(scopes)
        .filter(([, below]) => below.includes(scope))
        .map(([importer]) => importer);
}

/** @throws GeneratorRefusal when there is no such scope, or none for libraries */
export function ensureLibraryScope(wanted: string, layers: Layers): string {
    const scope = wanted.replace(/^scope:/, '');
    const known = libraryScopes(layers);
    if (known.includes(scope)) return scope;
    throw new GeneratorRefusal(
        'SCOPE_UNKNOWN',
        `There is no scope "${scope}" for libraries. Choose one of ${known.join(', ')}. ` +
            'A new layer is a decision about the architecture: add its rule to `layers` in eslint.config.js first.',
    );
}

/** @throws GeneratorRefusal when there is no such platform */
export function ensurePlatform(wanted: string, { platforms }: Layers): string {
    const platform = wanted.replace(/^platform:/, '');
    if (platforms.includes(platform)) return platform;
    throw new GeneratorRefusal(
        'PLATFORM_UNKNOWN',
        `There is no platform "${platform}". Choose one of ${platforms.join(', ')}.`,
    );
}
