import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { formatFiles, generateFiles, logger, readJson, type Tree } from '@nx/devkit';
import { expectedShape, FOLDER_OF, type ProjectDescription } from './shape.ts';
import { classNameOf, codeNameOf, packageNameOf } from './workspace/names.ts';

/** A project as its generator describes it; version and licence come from the workspace. */
export interface NewProject extends Omit<ProjectDescription, 'packageName' | 'version' | 'license'> {
    /** Folder of the templates that only this kind of project has. */
    readonly templates: string;
    /** Values for the templates besides name, packageName, className, codeName and description. */
    readonly values: Readonly<Record<string, unknown>>;
}

/** Writes the common files and those of the templates, formatted. Returns the folder. */
export async function writeProject(tree: Tree, project: NewProject): Promise<string> {
    const { kind, name, description, templates, values } = project;
    const folder = `${FOLDER_OF[kind]}/${name}`;
    const { version, license } = readJson<{ version: string; license: string }>(tree, 'package.json');
    for (const [path, text] of Object.entries(expectedShape({ ...project, version, license }).files)) {
        tree.write(`${folder}/${path}`, text);
    }
    generateFiles(tree, templates, folder, {
        ...values,
        name,
        packageName: packageNameOf(name),
        className: classNameOf(name),
        codeName: codeNameOf(name),
        description,
    });
    await formatFiles(tree);
    return folder;
}

/** What follows when the files are on disk: the references of TypeScript, then what only a person can do. */
export function finish(tree: Tree, name: string, next: readonly string[]): () => void {
    return () => {
        syncReferences(tree.root);
        logger.info('UPDATE references in tsconfig.json files (nx sync)\n');
        const steps = [
            'npm install && npm run lock      links the new package; package-lock.json gets an entry, commit it',
            `npx nx run-many -t lint build test -p ${name}`,
            ...next,
        ];
        logger.info(['Next:', ...steps.map((step, index) => `  ${index + 1}. ${step}`)].join('\n'));
    };
}

/**
 * Its own output would tell a newcomer that the workspace is broken ("out of sync"), so it is shown only when it fails.
 */
function syncReferences(root: string): void {
    const nx = createRequire(import.meta.url).resolve('nx/bin/nx.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [nx, 'sync'], { cwd: root, encoding: 'utf8' });
    if (status === 0) return;
    throw new Error(
        'The files are written, but TypeScript does not know them yet: npx nx sync failed. ' +
            `Repair what it says and run it again.\n${stdout}${stderr}`,
    );
}
