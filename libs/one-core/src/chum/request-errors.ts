import { OneError } from '../errors.ts';
import { shown } from '../shown.ts';

/** What a peer said about its error: texts of the peer, cut to `ERROR_TEXT_UNITS`. */
export interface RemoteError {
    readonly name: string;
    readonly message: string;
    readonly code: string | undefined;
}

export type RequestErrorCode =
    /** The channel was closed while the request was open, or before. */
    | 'WSP-ONCL0'
    /** The channel was closed while requests were open: the final state of a connection. */
    | 'WSP-ONCL1'
    /** The peer answered with an error, which is `remote`. */
    | 'WSRQ-JRMH1'
    /** The peer could not deliver the stream. */
    | 'WSRQ-SEH1'
    /** The peer sent a stream where a value was asked for. */
    | 'STREAM_UNEXPECTED'
    /** The peer sent a value where a stream was asked for. */
    | 'STREAM_EXPECTED'
    /** The stream of the peer changes its form, is malformed, or is faster than it can be taken. */
    | 'STREAM_REFUSED'
    | 'REQUEST_TIMEOUT';

/** A request to a peer failed. */
export class RequestError extends OneError {
    readonly code: RequestErrorCode;
    /** For `WSRQ-JRMH1`. */
    readonly remote: RemoteError | undefined;

    /** @param message without code and full stop */
    constructor(code: RequestErrorCode, message: string, remote?: RemoteError) {
        super(`${message} (${code}).`);
        this.code = code;
        this.remote = remote;
    }

    static answered(serviceId: number, remote: RemoteError): RequestError {
        const text = `The peer refused a request of service ${serviceId}: ${shown(remote.message)}`;
        return new RequestError('WSRQ-JRMH1', text, remote);
    }

    /** @param requests those that were open when the channel was closed */
    static openAtClosing(requests: readonly { readonly serviceId: number }[]): RequestError {
        const services = [...new Set(requests.map(({ serviceId }) => serviceId))].join(', ');
        const text = `The connection ended while ${requests.length} requests of services ${services} were open`;
        return new RequestError('WSP-ONCL1', text);
    }
}
