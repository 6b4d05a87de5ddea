import { join } from 'node:path';
import type { GeneratorCallback, Tree } from '@nx/devkit';
import { ensureDescription, ensureNewName } from '../workspace/names.ts';
import { ensureFreePort, PROCESS_TABLE } from '../workspace/ports.ts';
import { finish, writeProject } from '../write-project.ts';

export interface ServiceOptions {
    readonly name: string;
    /** A port as it was typed: checked here, with an error that says more than that of a schema. */
    readonly port?: string;
    readonly description?: string;
}

/** `nx g @lama/generator:service <name>`: a process in apps/ that starts, answers health and metrics, and stops. */
export async function serviceGenerator(tree: Tree, options: ServiceOptions): Promise<GeneratorCallback> {
    const name = ensureNewName(options.name, tree);
    const port = ensureFreePort(options.port, tree);
    const description = ensureDescription(options.description ?? `The ${name} service.`);

    const folder = await writeProject(tree, {
        kind: 'service',
        name,
        description,
        scope: 'app',
        platform: 'node',
        templates: join(import.meta.dirname, 'files'),
        values: { port },
    });
    return finish(tree, name, [
        `node --conditions=@one/source ${folder}/src/main.ts      starts it on health port ${port}`,
        `list it in ${PROCESS_TABLE} when it belongs to every archive: npm start and \`one status\` read that table`,
        ...(options.description === undefined ? [`say what it is for in ${folder}/package.json and README.md`] : []),
    ]);
}
