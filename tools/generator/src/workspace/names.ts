import { GeneratorRefusal } from '../refusal.ts';
import type { Files } from './files.ts';
import { workspaceProjects } from './projects.ts';

const KEBAB_CASE = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** Longer names make folders, log lines and metric labels unreadable. */
const MAX_NAME_CHARACTERS = 40;

/** A description is one line of a table. */
const MAX_DESCRIPTION_CHARACTERS = 200;

/** The package name of a new project. */
export function packageNameOf(name: string): string {
    return `@lama/${name}`;
}

/**
 * Proves that a new project may have this name.
 * @throws GeneratorRefusal when it is malformed or when a folder, a package or a project has it already
 */
export function ensureNewName(name: string, files: Files): string {
    if (!KEBAB_CASE.test(name) || name.length > MAX_NAME_CHARACTERS) {
        throw new GeneratorRefusal(
            'NAME_INVALID',
            `${JSON.stringify(name)} cannot be the name of a project: expected lower case words joined by hyphens, ` +
                `a letter first, at most ${MAX_NAME_CHARACTERS} characters, for example "${suggestion(name)}".`,
        );
    }
    const packageName = packageNameOf(name);
    const holder =
        workspaceProjects(files).find(it => it.packageName === packageName || it.projectName === name)?.folder ??
        [`libs/${name}`, `apps/${name}`].find(folder => files.exists(folder));
    if (holder !== undefined) {
        throw new GeneratorRefusal('NAME_TAKEN', `The name "${name}" is taken by ${holder}. Choose another name.`);
    }
    return name;
}

/**
 * One sentence on one line, with a full stop as those of the others have. Undefined when nobody said anything, which
 * is what pressing Enter at the question means.
 */
export function sentenceOf(description: string | undefined): string | undefined {
    const line = description?.trim().replace(/\s+/g, ' ') ?? '';
    if (line === '') return undefined;
    if (line.length > MAX_DESCRIPTION_CHARACTERS) {
        throw new GeneratorRefusal(
            'DESCRIPTION_INVALID',
            `The description has ${line.length} characters: expected one sentence of at most ` +
                `${MAX_DESCRIPTION_CHARACTERS}, for example --description="Who was granted what, and when."`,
        );
    }
    return /[.!?]$/.test(line) ? line : `${line}.`;
}

/** `grant-log` → `GrantLog`, for classes. */
export function classNameOf(name: string): string {
    return name.replace(/(?:^|-)([a-z0-9])/g, (_, first: string) => first.toUpperCase());
}

/** `grant-log` → `GRANT_LOG`, for error codes. */
export function codeNameOf(name: string): string {
    return name.replaceAll('-', '_').toUpperCase();
}

function suggestion(name: string): string {
    const kebab = name
        .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .slice(0, MAX_NAME_CHARACTERS)
        .replace(/^[^a-z]+|-+$/g, '');
    return kebab === '' ? 'grant-log' : kebab;
}
