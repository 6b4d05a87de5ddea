import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Finds out whose request it is that a reverse proxy passes on. */
export class ClientAddresses {
    readonly #proxies = new BlockList();

    /** @param proxies addresses, or networks such as 10.0.0.0/8, whose header `X-Forwarded-For` is believed */
    constructor(proxies: readonly string[] = []) {
        for (const proxy of proxies) {
            const [address = '', bits] = proxy.split('/');
            if (bits === undefined) this.#proxies.addAddress(address, familyOf(address));
            else this.#proxies.addSubnet(address, Number(bits), familyOf(address));
        }
    }

    isProxy(address: string): boolean {
        return isIP(address) > 0 && this.#proxies.check(address, familyOf(address));
    }

    /** The last one in the chain that is no proxy: what stands before it anybody may have written. */
    of(request: IncomingMessage): string {
        let address = request.socket.remoteAddress ?? '';
        const chain = [request.headers['x-forwarded-for'] ?? []].flat().join().split(',');
        while (this.isProxy(address)) {
            const before = chain.pop()?.trim() ?? '';
            if (isIP(before) === 0) break;
            address = before;
        }
        return address;
    }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
    return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
