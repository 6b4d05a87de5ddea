import { isIPv6 } from 'node:net';
import type { ConnectionsModel, IncomingConnectionConfiguration, LeuteModel } from '@refinio/one.models';
import type { HostPort, PeerOptions } from './options.ts';
import { PeerError } from './peer-error.ts';

type AddressOptions = Pick<PeerOptions, 'listen' | 'commServer' | 'advertise'>;

/** The ways in that a peer is started with. */
export function incomingOf({ listen, commServer }: AddressOptions): IncomingConnectionConfiguration[] {
    return [
        ...(listen === undefined ? [] : [socketOf(listen)]),
        ...(commServer === undefined ? [] : [{ type: 'commserver' as const, url: commServer }]),
    ];
}

/** What is advertised as far as it is known before anything is opened. */
export function advertisedBefore({ listen, commServer, advertise }: AddressOptions): string | undefined {
    return advertise ?? commServer ?? (listen === undefined || listen.port === 0 ? undefined : urlOf(listen));
}

/**
 * How others reach a peer. What it says of itself, in its profile and in invitations, is one address: the one it was told to
 * advertise, else a communication server, else its own listener.
 */
export class Addresses {
    readonly #connections: ConnectionsModel;
    readonly #leute: LeuteModel;
    #explicit: string | undefined;
    #commServer: string | undefined;
    #direct: string | undefined;

    private constructor(connections: ConnectionsModel, leute: LeuteModel, options: AddressOptions) {
        this.#connections = connections;
        this.#leute = leute;
        this.#explicit = options.advertise;
        this.#commServer = options.commServer;
    }

    /** Of a peer that has just opened what it was started with; it may have had another address before. */
    static async create(connections: ConnectionsModel, leute: LeuteModel, options: AddressOptions): Promise<Addresses> {
        const addresses = new Addresses(connections, leute, options);
        if (options.listen !== undefined) addresses.#direct = await addresses.#urlOfListener(options.listen);
        await addresses.#tell();
        return addresses;
    }

    get advertised(): string | undefined {
        return this.#explicit ?? this.#commServer ?? this.#direct;
    }

    /** @returns where it can be dialled @throws ConnectionError `LISTEN_FAILED`; PeerError `PEER_NOT_LISTENING` */
    async listen(where: HostPort, advertise: string | undefined): Promise<string> {
        await this.#connections.addIncoming(socketOf(where));
        const url = await this.#urlOfListener(where);
        this.#explicit = advertise ?? this.#explicit;
        this.#direct ??= url;
        await this.#tell();
        return url;
    }

    async register(commServer: string): Promise<void> {
        await this.#connections.addIncoming({ type: 'commserver', url: commServer });
        this.#commServer ??= commServer;
        await this.#tell();
    }

    async #urlOfListener(where: HostPort): Promise<string> {
        const url = await this.#connections.urlOf(socketOf(where));
        if (url === undefined)
            throw new PeerError(
                'PEER_NOT_LISTENING',
                `Nothing listens on ${where.host}:${where.port}; try another port`,
            );
        return urlOf({ host: where.host, port: Number(new URL(url).port) });
    }

    /** Contacts who were granted the profile learn it, whatever was there before. */
    async #tell(): Promise<void> {
        const { advertised } = this;
        await this.#leute.setOwnEndpointUrls({ publicUrls: advertised === undefined ? [] : [advertised] });
        await this.#connections.settled();
    }
}

function socketOf({ host, port }: HostPort): IncomingConnectionConfiguration {
    return { type: 'socket', host, port };
}

function urlOf({ host, port }: HostPort): string {
    return `ws://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
