import { StorageError } from '../storage-errors.ts';
import { isMissingTable } from './server-errors.ts';
import { run, SessionLock, type Runner } from './session.ts';
import { MIGRATIONS, type Migration, type Statements } from './sql.ts';

/** A schema for stores, by its name and as it stands in statements. */
export interface Schema {
    readonly name: string;
    readonly quoted: string;
    readonly statements: Statements;
}

/**
 * Brings the tables of a schema to the version of this code, or creates them.
 * @returns false if there are none and none are to be created
 * @throws StorageError STORAGE_NEWER; errors of the server
 */
export async function migrate(
    runner: Runner,
    schema: Schema,
    create: boolean,
    migrations: readonly Migration[] = MIGRATIONS,
): Promise<boolean> {
    const found = await versionOf(runner, schema, migrations.length);
    if (found === migrations.length) return true;
    if (found === 0 && !create) return false;
    const lock = new SessionLock(runner, `${schema.name} layout`);
    await lock.take();
    try {
        // Somebody else may have done it meanwhile.
        const start = await versionOf(runner, schema, migrations.length);
        for (const [i, migration] of migrations.slice(start).entries())
            await raise(runner, schema, migration, start + i + 1);
    } finally {
        await lock.release();
    }
    return true;
}

async function versionOf(runner: Runner, { name, statements }: Schema, known: number): Promise<number> {
    const rows = await run(runner, statements.version, []).catch((error: unknown) => {
        if (isMissingTable(error)) return [];
        throw error;
    });
    const version = rows[0]?.[0] ?? 0;
    if (version > known)
        throw new StorageError(
            'STORAGE_NEWER',
            `The tables in the schema "${name}" have version ${version}, and this program knows ${known}. ` +
                'Use the newer program, or another schema; nothing was changed',
        );
    return version;
}

async function raise(
    runner: Runner,
    { name, quoted, statements }: Schema,
    migration: Migration,
    version: number,
): Promise<void> {
    await runner.query('BEGIN');
    try {
        // "IF NOT EXISTS" would ask for a right that a role with a schema of its own does not need.
        const { rowCount } = await runner.query('SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1::text', [
            name,
        ]);
        if (rowCount === 0) await runner.query(`CREATE SCHEMA ${quoted}`);
        for (const text of migration(quoted)) await runner.query(text);
        await run(runner, statements.releaseAll, []);
        await run(runner, statements.setVersion, [version]);
        await runner.query('COMMIT');
    } catch (error) {
        await runner.query('ROLLBACK').catch(() => undefined);
        throw error;
    }
}
