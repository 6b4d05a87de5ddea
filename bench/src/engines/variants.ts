import { classicLevel, classicLevelGuarded } from './classic-level.ts';
import type { EngineVariant } from './engine.ts';
import { lmdb, lmdbEncrypted, lmdbOverlapping } from './lmdb.ts';
import { sqlite, sqliteStrict } from './sqlite.ts';

/** The engines as they would be used. */
export const engines: readonly EngineVariant[] = [classicLevel, lmdb, sqlite];

/** All ways to run them, by name. */
export const variants: readonly EngineVariant[] = [
    ...engines,
    classicLevelGuarded,
    lmdbOverlapping,
    lmdbEncrypted,
    sqliteStrict,
];

export function variantNamed(name: string): EngineVariant {
    const variant = variants.find(each => each.name === name);
    if (variant === undefined) {
        throw new Error(`There is no engine "${name}". Engines: ${variants.map(each => each.name).join('; ')}.`);
    }
    return variant;
}
