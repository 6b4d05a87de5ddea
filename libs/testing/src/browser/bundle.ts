import { build } from 'esbuild';

/**
 * A module with all that it imports, from the sources, as one script for pages and workers.
 * @param entry the file, or a text with the folder that its imports start from
 */
export async function bundleForBrowser(
    entry: string | { readonly contents: string; readonly resolveDir: string },
): Promise<string> {
    const { outputFiles } = await build({
        ...(typeof entry === 'string' ? { entryPoints: [entry] } : { stdin: { ...entry, loader: 'js' as const } }),
        bundle: true,
        format: 'esm',
        platform: 'browser',
        target: 'es2022',
        conditions: ['@one/source'],
        write: false,
        logLevel: 'error',
    });
    return outputFiles[0]?.text ?? '';
}
