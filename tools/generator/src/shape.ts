// The shape of a library or service: what is the same in every one of them, written once. The generators write it, and
// drift.ts compares every existing project with it, so that the tenth looks like the first and the first like the tenth.
import { packageNameOf } from './workspace/names.ts';

export type Kind = 'library' | 'service';

export interface ProjectDescription {
    readonly kind: Kind;
    readonly name: string;
    /** Default: `@lama/<name>`. */
    readonly packageName?: string;
    readonly description: string;
    readonly scope: string;
    readonly platform: string;
    /** Version and licence are those of the whole workspace. */
    readonly version: string;
    readonly license: string;
    readonly dependencies?: Readonly<Record<string, string>>;
}

/** Where the projects of a kind live. */
export const FOLDER_OF = { library: 'libs', service: 'apps' } as const satisfies Record<Kind, string>;

/** The fields that a package.json may have, in the order in which it has them. */
export const FIELD_ORDER = [
    'name',
    'version',
    'description',
    'license',
    'private',
    'type',
    'sideEffects',
    'bin',
    'exports',
    'imports',
    'generators',
    'scripts',
    'dependencies',
    'devDependencies',
    'optionalDependencies',
    'peerDependencies',
    'nx',
];

export interface Manifest {
    readonly name: string;
    readonly version: string;
    readonly description: string;
    readonly license: string;
    readonly private: true;
    readonly type: 'module';
    readonly exports?: Readonly<Record<string, EntryPoint>>;
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly devDependencies?: Readonly<Record<string, string>>;
    readonly nx: { readonly name: string; readonly tags: readonly string[] };
}

/** Sources for us, compiled files for everybody else; the order decides, so it is part of the shape. */
export interface EntryPoint {
    readonly '@one/source': string;
    readonly types: string;
    readonly default: string;
}

export interface Shape {
    readonly manifest: Manifest;
    /** Path → text of the files whose text is the same everywhere or follows from the description. */
    readonly files: Readonly<Record<'package.json' | 'tsconfig.json' | 'jest.config.js', string>>;
    /** Files that each project writes for itself but must have. */
    readonly present: readonly string[];
}

/** What every project of this kind looks like. */
export function expectedShape(project: ProjectDescription): Shape {
    const manifest = manifestOf(project);
    return {
        manifest,
        files: {
            'package.json': json(manifest),
            'tsconfig.json': json(tsconfigOf(project.platform)),
            'jest.config.js': "export { default } from '../../jest.preset.js';\n",
        },
        present: ['README.md', ...SOURCES[project.kind]],
    };
}

const SOURCES: Readonly<Record<Kind, readonly string[]>> = {
    library: ['src/index.ts'],
    service: ['src/main.ts', 'src/config.ts', 'src/main.int.test.ts'],
};

/** The entry point of a source file: `index` → `./src/index.ts` and its compiled forms. */
export function entryPoint(source: string): EntryPoint {
    return {
        '@one/source': `./src/${source}.ts`,
        types: `./dist/${source}.d.ts`,
        default: `./dist/${source}.js`,
    };
}

function manifestOf(project: ProjectDescription): Manifest {
    const { kind, name, description, scope, platform, version, license, dependencies } = project;
    return {
        name: project.packageName ?? packageNameOf(name),
        version,
        description,
        license,
        private: true,
        type: 'module',
        ...(kind === 'library' ? { exports: { '.': entryPoint('index') } } : {}),
        ...withEntries('dependencies', {
            ...dependencies,
            ...(kind === 'service' ? { '@lama/service-kit': '*' } : {}),
        }),
        ...(kind === 'service' ? { devDependencies: { '@lama/testing': '*' } } : {}),
        nx: { name, tags: [`scope:${scope}`, `platform:${platform}`] },
    };
}

/** References are not part of it: `nx sync` maintains them. */
function tsconfigOf(platform: string): object {
    const base = { extends: '../../tsconfig.base.json' };
    if (platform !== 'browser') return base;
    return { ...base, compilerOptions: { lib: ['es2024', 'esnext.disposable', 'dom', 'dom.iterable'], types: [] } };
}

function withEntries<K extends string, V extends object>(key: K, value: V): Partial<Record<K, V>> {
    return Object.keys(value).length > 0 ? ({ [key]: value } as Record<K, V>) : {};
}

function json(value: object): string {
    return `${JSON.stringify(value, undefined, 4)}\n`;
}
