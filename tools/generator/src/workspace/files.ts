import type { Tree } from '@nx/devkit';

/** What reading a workspace needs; an Nx `Tree` is one. */
export type Files = Pick<Tree, 'exists' | 'isFile' | 'read' | 'children'>;

/** Text of a file, undefined where there is none. */
export function readText(files: Files, path: string): string | undefined {
    return files.exists(path) && files.isFile(path) ? (files.read(path, 'utf8') ?? undefined) : undefined;
}
