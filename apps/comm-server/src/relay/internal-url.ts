import { hostname } from 'node:os';
import type { Setting } from '@lama/service-kit';
import * as z from 'zod';

const HOSTNAME = '{hostname}';

/** A setting: where other replicas reach this one, with `{hostname}` for the name of the machine, so that one text is right for all of them. */
export function internalUrl(about: string): Setting<URL | undefined> {
    return {
        schema: z
            .string()
            .transform(text => text.replace(HOSTNAME, hostname()))
            .refine(text => URL.canParse(text))
            .transform(text => new URL(text))
            .refine(({ protocol, port }) => protocol === 'ws:' && port !== ''),
        about,
        expected: `a URL that starts with ws:// and names a port, with ${HOSTNAME} for the name of the machine`,
        example: `ws://${HOSTNAME}:8001`,
        fallback: undefined,
        required: false,
        secret: false,
        sensitive: false,
    };
}
