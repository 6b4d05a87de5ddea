import { join } from 'node:path';
import type { GeneratorCallback, Tree } from '@nx/devkit';
import { sentenceOf, ensureNewName } from '../workspace/names.ts';
import { ensureFreePort, PROCESS_TABLE } from '../workspace/ports.ts';
import { finish, writeProject } from '../write-project.ts';

export interface ServiceOptions {
    readonly name: string;
    /** As it was typed: checked here, with an error that says more than that of a schema. */
    readonly port?: number | string;
    readonly description?: string;
}

/** `nx g @lama/generator:service <name>`: a process in apps/ that starts, answers health and metrics, and stops. */
export async function serviceGenerator(tree: Tree, options: ServiceOptions): Promise<GeneratorCallback> {
    const name = ensureNewName(options.name, tree);
    const port = ensureFreePort(options.port, tree);
    const sentence = sentenceOf(options.description);

    const folder = await writeProject(tree, {
        kind: 'service',
        name,
        description: sentence ?? `The ${name} service.`,
        scope: 'app',
        platform: 'node',
        templates: join(import.meta.dirname, 'files'),
        values: { port },
    });
    return finish(tree, name, [
        `npx node --conditions=@one/source ${folder}/src/main.ts      starts it on health port ${port}`,
        `list it in ${PROCESS_TABLE} when it belongs to every archive: npm start and \`one status\` read that table`,
        ...(sentence === undefined ? [`say what it is for in ${folder}/package.json and README.md`] : []),
    ]);
}
