import { isIP } from 'node:net';
import type { Setting } from '@lama/service-kit';
import * as z from 'zod';

/** A setting: addresses, or networks of addresses (10.0.0.0/8), separated by commas. */
export function networks(about: string): Setting<readonly string[] | undefined> {
    return {
        schema: z
            .string()
            .transform(text => text.split(',').map(part => part.trim()))
            .refine(parts => parts.every(isNetwork)),
        about,
        expected: 'addresses or networks separated by commas',
        example: '10.0.0.5,172.16.0.0/12',
        fallback: undefined,
        required: false,
        secret: false,
        sensitive: false,
    };
}

function isNetwork(text: string): boolean {
    const [address = '', bits, ...more] = text.split('/');
    const version = isIP(address);
    if (version === 0 || more.length > 0) return false;
    return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}
