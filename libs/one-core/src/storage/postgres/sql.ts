// Everything that is said to the database. All stores of one schema share its tables:
//
//   table         key                   content
//   layout        (one row)             version of these tables
//   stores        id; name              token of who has it open, and who that is
//   store_values  store, key            value
//   store_lists   store, key, number    value
//   blobs         store, id             name, size; without a name it is not finished
//   blob_pieces   store, blob, piece    bytes
//
// Keys and names are bytes (`keys.ts`), so that neither the collation nor the encoding of the database matters. Values are
// answered as hexadecimal digits: the client reads text only, and its form of bytes depends on a setting of the server.
//
// Fencing: `stores.owner` is the token of whoever opened the store last. Every statement that writes locks that row, does
// nothing if the token is another one, and answers a row only if it is ours. Whoever opens the store waits for that lock, so
// after opening nothing of an earlier owner can be written, even if its process was paused for hours or its session lives on.
//
// Also for PostgreSQL-compatible clusters: no extensions, notifications or large objects; one statement changes a table in
// one way only (CockroachDB); all keys begin with the store, by which tables can be distributed (Citus).
//
// Statements have to be fast with statistics of empty tables, too: rows are found by constants, and by `= ANY (array)`, never
// by joining an array, which the planner may do from the side of the table.

/** `R` are the columns of a row as `pg` parses them: `integer` as number, everything else as text. */
export interface Statement<R extends unknown[]> {
    /** Of the prepared statement. */
    readonly name: string;
    readonly text: string;
    readonly row?: R;
}

export type Statements = ReturnType<typeof statementsOf>;

/** Statements that bring the tables from one version to the next. */
export type Migration = (schema: string) => readonly string[];

/** The first creates the tables. Never changed, only continued. */
export const MIGRATIONS: readonly Migration[] = [
    schema => [
        `CREATE TABLE ${schema}.layout (version integer NOT NULL)`,
        `INSERT INTO ${schema}.layout VALUES (0)`,
        `CREATE TABLE ${schema}.stores (
            id integer PRIMARY KEY,
            name text NOT NULL UNIQUE,
            owner uuid,
            opened_by text,
            opened_at timestamptz)`,
        `CREATE TABLE ${schema}.store_values (
            store integer NOT NULL,
            key bytea NOT NULL,
            value bytea NOT NULL,
            PRIMARY KEY (store, key))`,
        `CREATE TABLE ${schema}.store_lists (
            store integer NOT NULL,
            key bytea NOT NULL,
            number bigint NOT NULL,
            value bytea NOT NULL,
            PRIMARY KEY (store, key, number))`,
        `CREATE TABLE ${schema}.blobs (
            store integer NOT NULL,
            id uuid NOT NULL,
            name bytea,
            size bigint,
            PRIMARY KEY (store, id),
            UNIQUE (store, name))`,
        `CREATE TABLE ${schema}.blob_pieces (
            store integer NOT NULL,
            blob uuid NOT NULL,
            piece integer NOT NULL,
            bytes bytea NOT NULL,
            PRIMARY KEY (store, blob, piece))`,
    ],
];

/** A commit is acknowledged when it is on the disk, whatever the default of the server or role is; more is left as it is. */
export const DURABLE = `SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit', true) IN ('off', 'local', 'remote_write')`;

/** Settings of a session that a server may lack. */
const SETTINGS = {
    // Every statement has an index that fits, also in its order. Statistics of tables that were empty a minute ago must not
    // choose otherwise.
    enable_seqscan: 'off',
    enable_bitmapscan: 'off',
    enable_sort: 'off',
    enable_hashjoin: 'off',
    enable_mergejoin: 'off',
    plan_cache_mode: 'force_generic_plan',
    jit: 'off',
    // A session that waits for work is not forgotten, ...
    idle_session_timeout: '0',
    // ... and one whose machine vanished gives the store back in about a minute.
    tcp_keepalives_idle: '30',
    tcp_keepalives_interval: '10',
    tcp_keepalives_count: '3',
};

export const TUNE = `SELECT set_config(name, new.setting, false)
    FROM (VALUES ${Object.entries(SETTINGS)
        .map(([name, setting]) => `('${name}', '${setting}')`)
        .join(', ')}) AS new (name, setting)
    JOIN pg_catalog.pg_settings USING (name)`;

export const SESSION_LOCK = {
    take: 'SELECT pg_try_advisory_lock($1::bigint)',
    await: 'SELECT pg_advisory_lock($1::bigint)',
    release: 'SELECT pg_advisory_unlock($1::bigint)',
};

/** Most keys of one page. */
export const PAGE = 1000;

/** @param schema quoted */
export function statementsOf(schema: string) {
    // $1 is the store and $2 the token of its owner, in every statement that writes.
    const owner = `owner AS (
        SELECT id FROM ${schema}.stores WHERE id = $1::integer AND owner = $2::uuid FOR SHARE)`;
    return {
        // Values and list entries that are added, in one statement: nearly every commit is this and nothing else.
        put: statement<[id: number]>(
            'put',
            `WITH ${owner},
            put AS (
                INSERT INTO ${schema}.store_values (store, key, value)
                SELECT owner.id, new.key, new.value
                FROM owner, unnest($3::bytea[], $4::bytea[]) AS new (key, value)
                ON CONFLICT (store, key) DO UPDATE SET value = excluded.value),
            appended AS (
                INSERT INTO ${schema}.store_lists (store, key, number, value)
                SELECT owner.id, new.key, new.number, new.value
                FROM owner, unnest($5::bytea[], $6::bigint[], $7::bytea[]) AS new (key, number, value))
            SELECT id FROM owner`,
        ),
        delete: statement<[id: number]>(
            'delete',
            `WITH ${owner}, deleted AS (
                DELETE FROM ${schema}.store_values
                WHERE store = $1::integer AND key = ANY ($3::bytea[]) AND EXISTS (SELECT 1 FROM owner))
            SELECT id FROM owner`,
        ),
        trim: statement<[id: number]>(
            'trim',
            `WITH ${owner}, trimmed AS (
                DELETE FROM ${schema}.store_lists
                WHERE store = $1::integer AND key = $3::bytea AND number < $4::bigint AND EXISTS (SELECT 1 FROM owner))
            SELECT id FROM owner`,
        ),

        get: statement<[value: string]>(
            'get',
            `SELECT encode(value, 'hex') FROM ${schema}.store_values WHERE store = $1::integer AND key = $2::bytea`,
        ),
        getMany: statement<[key: string, value: string]>(
            'get_many',
            `SELECT encode(key, 'hex'), encode(value, 'hex') FROM ${schema}.store_values
            WHERE store = $1::integer AND key = ANY ($2::bytea[])`,
        ),
        list: listStatement(schema, 'list', 'ASC'),
        listReverse: listStatement(schema, 'list_reverse', 'DESC'),
        valueKeys: statement<[key: string]>(
            'value_keys',
            `SELECT encode(key, 'hex') FROM ${schema}.store_values
            WHERE store = $1::integer AND key > $2::bytea AND key < $3::bytea ORDER BY key LIMIT ${PAGE}`,
        ),
        // From key to key by the index: most of a long list's entries are never looked at.
        listKeys: statement<[key: string]>(
            'list_keys',
            `WITH RECURSIVE found (key) AS (
                (SELECT key FROM ${schema}.store_lists
                WHERE store = $1::integer AND key > $2::bytea AND key < $3::bytea ORDER BY key LIMIT 1)
                UNION ALL
                SELECT (SELECT stored.key FROM ${schema}.store_lists AS stored
                    WHERE stored.store = $1::integer AND stored.key > found.key AND stored.key < $3::bytea
                    ORDER BY stored.key LIMIT 1)
                FROM found WHERE found.key IS NOT NULL)
            SELECT encode(key, 'hex') FROM found WHERE key IS NOT NULL LIMIT ${PAGE}`,
        ),

        beginBlob: statement<[id: number]>(
            'begin_blob',
            `WITH ${owner}, begun AS (INSERT INTO ${schema}.blobs (store, id) SELECT id, $3::uuid FROM owner)
            SELECT id FROM owner`,
        ),
        // Its fence is the row of the unfinished BLOB, which whoever opens the store removes: no commit waits for a piece. May
        // be repeated.
        putPiece: statement<[piece: number]>(
            'put_piece',
            `INSERT INTO ${schema}.blob_pieces (store, blob, piece, bytes)
            SELECT begun.store, begun.id, $3::integer, $4::bytea FROM (
                SELECT store, id FROM ${schema}.blobs
                WHERE store = $1::integer AND id = $2::uuid AND name IS NULL FOR SHARE) AS begun
            ON CONFLICT (store, blob, piece) DO UPDATE SET bytes = excluded.bytes RETURNING piece`,
        ),
        /** `named` is null if there is one of this name. */
        nameBlob: statement<[named: string | null]>(
            'name_blob',
            `WITH ${owner}, named AS (
                UPDATE ${schema}.blobs SET name = $4::bytea, size = $5::bigint
                WHERE store = $1::integer AND id = $3::uuid AND name IS NULL AND EXISTS (SELECT 1 FROM owner)
                    AND NOT EXISTS (
                        SELECT 1 FROM ${schema}.blobs AS other WHERE other.store = $1::integer AND other.name = $4::bytea)
                RETURNING id)
            SELECT named.id FROM owner LEFT JOIN named ON true`,
        ),
        /** A deleted BLOB is an unfinished one again. `unnamed` is null if there is none of this name. */
        unnameBlob: statement<[unnamed: string | null]>(
            'unname_blob',
            `WITH ${owner}, unnamed AS (
                UPDATE ${schema}.blobs SET name = NULL
                WHERE store = $1::integer AND name = $3::bytea AND EXISTS (SELECT 1 FROM owner) RETURNING id)
            SELECT unnamed.id FROM owner LEFT JOIN unnamed ON true`,
        ),
        // Both in one transaction: the first waits for a piece that is being stored, the second then sees it.
        dropBlobs: statement<[id: number]>(
            'drop_blobs',
            `WITH ${owner}, dropped AS (
                DELETE FROM ${schema}.blobs
                WHERE store = $1::integer AND id = ANY ($3::uuid[]) AND name IS NULL AND EXISTS (SELECT 1 FROM owner))
            SELECT id FROM owner`,
        ),
        dropPieces: statement<[id: number]>(
            'drop_pieces',
            `WITH ${owner}, dropped AS (
                DELETE FROM ${schema}.blob_pieces AS pieces
                WHERE store = $1::integer AND blob = ANY ($3::uuid[]) AND EXISTS (SELECT 1 FROM owner) AND NOT EXISTS (
                    SELECT 1 FROM ${schema}.blobs WHERE blobs.store = $1::integer AND blobs.id = pieces.blob))
            SELECT id FROM owner`,
        ),
        unfinishedBlobs: statement<[id: string]>(
            'unfinished_blobs',
            `SELECT id FROM ${schema}.blobs WHERE store = $1::integer AND name IS NULL`,
        ),
        findBlob: statement<[id: string, size: string]>(
            'find_blob',
            `SELECT id, size FROM ${schema}.blobs WHERE store = $1::integer AND name = $2::bytea`,
        ),
        getPiece: statement<[bytes: string]>(
            'get_piece',
            `SELECT encode(bytes, 'hex') FROM ${schema}.blob_pieces
            WHERE store = $1::integer AND blob = $2::uuid AND piece = $3::integer`,
        ),
        blobNames: statement<[name: string]>(
            'blob_names',
            `SELECT encode(name, 'hex') FROM ${schema}.blobs
            WHERE store = $1::integer AND name > $2::bytea ORDER BY name LIMIT ${PAGE}`,
        ),

        version: statement<[version: number]>('version', `SELECT version FROM ${schema}.layout`),
        setVersion: statement<[]>('set_version', `UPDATE ${schema}.layout SET version = $1::integer`),
        // For tables that are changed: programs that know the old ones write no more.
        releaseAll: statement<[]>(
            'release_all',
            `UPDATE ${schema}.stores SET owner = NULL, opened_by = 'a newer program, which changed the tables', opened_at = now()`,
        ),
        findStore: statement<[id: number, openedBy: string | null, openedAt: string | null]>(
            'find_store',
            `SELECT id, opened_by, opened_at::text FROM ${schema}.stores WHERE name = $1::text`,
        ),
        // No row if another store got the same number at the same time.
        createStore: statement<[id: number]>(
            'create_store',
            `INSERT INTO ${schema}.stores (id, name)
            SELECT coalesce(max(id), 0) + 1, $1::text FROM ${schema}.stores ON CONFLICT DO NOTHING RETURNING id`,
        ),
        takeStore: statement<[id: number]>(
            'take_store',
            `UPDATE ${schema}.stores SET owner = $2::uuid, opened_by = $3::text, opened_at = now()
            WHERE id = $1::integer RETURNING id`,
        ),
    };
}

function listStatement(schema: string, name: string, order: 'ASC' | 'DESC') {
    return statement<[number: string, value: string]>(
        name,
        `SELECT number, encode(value, 'hex') FROM ${schema}.store_lists
        WHERE store = $1::integer AND key = $2::bytea AND number >= $3::bigint AND number < $4::bigint
        ORDER BY number ${order} LIMIT $5::bigint`,
    );
}

function statement<R extends unknown[]>(name: string, text: string): Statement<R> {
    return { name, text };
}
