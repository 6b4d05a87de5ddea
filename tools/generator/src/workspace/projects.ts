import { type Files, readText } from './files.ts';

/** A package of this workspace. */
export interface WorkspaceProject {
    /** Folder from the root, `libs/one-core`. */
    readonly folder: string;
    /** `@refinio/one.core` */
    readonly packageName: string;
    /** Name in Nx, `one-core`. */
    readonly projectName: string;
}

interface NamedPackage {
    readonly name?: string;
    readonly nx?: { readonly name?: string };
}

/** All packages that the root package.json lists as workspaces, and the root itself. */
export function workspaceProjects(files: Files): readonly WorkspaceProject[] {
    const root = JSON.parse(readText(files, 'package.json') ?? '{}') as { readonly workspaces?: readonly string[] };
    const folders = (root.workspaces ?? []).flatMap(pattern => {
        const parent = pattern.replace(/\/\*$/, '');
        return parent === pattern ? pattern : files.children(parent).map(child => `${parent}/${child}`);
    });
    return ['.', ...folders].flatMap(folder => {
        const manifest = readText(files, `${folder}/package.json`);
        if (manifest === undefined) return [];
        const { name, nx } = JSON.parse(manifest) as NamedPackage;
        return { folder, packageName: name ?? folder, projectName: nx?.name ?? name ?? folder };
    });
}
