import { join } from 'node:path';
import type { GeneratorCallback, Tree } from '@nx/devkit';
import { ensureLibraryScope, ensurePlatform, importersOf, readLayers } from '../workspace/layers.ts';
import { sentenceOf, ensureNewName, packageNameOf } from '../workspace/names.ts';
import { finish, writeProject } from '../write-project.ts';

export interface LibraryOptions {
    readonly name: string;
    readonly scope?: string;
    readonly platform?: string;
    readonly description?: string;
}

/** `nx g @lama/generator:library <name>`: a library in libs/ with an error class, its test and a README. */
export async function libraryGenerator(tree: Tree, options: LibraryOptions): Promise<GeneratorCallback> {
    const layers = readLayers(tree);
    const name = ensureNewName(options.name, tree);
    const scope = ensureLibraryScope(options.scope ?? 'federation', layers);
    const platform = ensurePlatform(options.platform ?? 'any', layers);
    const sentence = sentenceOf(options.description);
    const below = layers.scopes.get(scope) ?? [];
    const importers = importersOf(scope, layers);
    // Errors of this house extend OneError, in the layers that may import it.
    const baseError = below.includes('one-core') ? 'OneError' : 'Error';

    const folder = await writeProject(tree, {
        kind: 'library',
        name,
        description: sentence ?? `The ${name} library.`,
        scope,
        platform,
        dependencies: baseError === 'OneError' ? { '@refinio/one.core': '*' } : {},
        templates: join(import.meta.dirname, 'files'),
        values: { scope, platform, below, importers, baseError },
    });
    return finish(tree, name, [
        `add "${packageNameOf(name)}": "*" to the dependencies of whoever imports it, then npx nx sync`,
        ...(sentence === undefined ? [`say what it is for in ${folder}/package.json and README.md`] : []),
    ]);
}
