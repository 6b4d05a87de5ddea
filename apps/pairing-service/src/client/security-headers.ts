import { fastifyHelmet } from '@fastify/helmet';
import { PROCESSES } from '@lama/federation';
import type { HttpServer } from '@lama/service-kit';

/**
 * Strict headers for everything a browser gets from here (DESIGN §6): no inline script, no foreign source, no framing.
 * Styles that Angular inserts at run time carry the nonce of the page; the nonce is new for each response.
 */
export async function addSecurityHeaders(app: HttpServer, publicUrl: URL | undefined): Promise<void> {
    const overTls = publicUrl?.protocol === 'https:';
    await app.register(fastifyHelmet, {
        enableCSPNonces: false,
        contentSecurityPolicy: {
            useDefaults: false,
            directives: {
                defaultSrc: ["'self'"],
                // The client's cryptography is WebAssembly; nothing else is compiled.
                scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
                styleSrc: ["'self'", (_request, response) => `'nonce-${nonceOf(response)}'`],
                imgSrc: ["'self'", 'data:', 'blob:'],
                // The archive on this machine listens beside this server, not behind it (DESIGN §4).
                connectSrc: [
                    "'self'",
                    ...(publicUrl === undefined ? [`ws://localhost:${PROCESSES['archive-node'].listenPort}`] : []),
                ],
                workerSrc: ["'self'"],
                objectSrc: ["'none'"],
                baseUri: ["'self'"],
                formAction: ["'self'"],
                frameAncestors: ["'none'"],
                requireTrustedTypesFor: ["'script'"],
                trustedTypes: ['angular', 'angular#bundler'],
                ...(overTls ? { upgradeInsecureRequests: [] } : {}),
            },
        },
        strictTransportSecurity: overTls ? { maxAge: 31_536_000, includeSubDomains: false } : false,
        referrerPolicy: { policy: 'no-referrer' },
        xFrameOptions: { action: 'deny' },
    });
}

const nonces = new WeakMap<object, string>();

/** The nonce of one response: 128 random bits. */
export function nonceOf(response: object): string {
    let nonce = nonces.get(response);
    if (nonce === undefined) {
        nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url');
        nonces.set(response, nonce);
    }
    return nonce;
}
