// What a communication server and its clients say to each other before it relays (spec 51 §1): JSON in text frames, one object per
// frame. Keys have 64 hexadecimal digits; box(x) = nonce (24) ‖ tag (16) ‖ cypher text (spec 30 §7) in lower case hexadecimal.
//
//   register                 listener → server     publicKey
//   authentication_request   server → listener     publicKey, challenge: box(64 random bytes)
//   authentication_response  listener → server     response: box(their bitwise complement)
//   authentication_success   server → listener     pingInterval: milliseconds
//   ping                     server → listener
//   pong                     listener → server
//   connection_handover      server → listener
//   communication_request    requester → server → listener     sourcePublicKey, targetPublicKey
import { isHexString, OneError } from '@refinio/one.core';
import { MAX_RELAY_MESSAGE } from '../limits.ts';

interface Members {
    readonly register: { readonly publicKey: string };
    readonly authentication_request: { readonly publicKey: string; readonly challenge: string };
    readonly authentication_response: { readonly response: string };
    readonly authentication_success: { readonly pingInterval: number };
    readonly ping: object;
    readonly pong: object;
    readonly connection_handover: object;
    readonly communication_request: { readonly sourcePublicKey: string; readonly targetPublicKey: string };
}

export type RelayCommand = keyof Members;
export type RelayMessage<C extends RelayCommand = RelayCommand> = Extract<
    { readonly [Each in RelayCommand]: { readonly command: Each } & Members[Each] }[RelayCommand],
    { readonly command: C }
>;

/** A frame is not what may come now. The message is what the other side is told. */
export class RelayMessageError extends OneError {
    readonly code = 'RELAY_MESSAGE_INVALID';
}

const members: { readonly [C in RelayCommand]: Readonly<Record<keyof Members[C], 'text' | 'hex' | 'number'>> } = {
    register: { publicKey: 'text' },
    authentication_request: { publicKey: 'text', challenge: 'text' },
    authentication_response: { response: 'text' },
    authentication_success: { pingInterval: 'number' },
    ping: {},
    pong: {},
    connection_handover: {},
    communication_request: { sourcePublicKey: 'hex', targetPublicKey: 'hex' },
};

/** Members in the order of the table: a frame of ours is always the same bytes. */
export function formatRelayMessage(message: RelayMessage): string {
    return JSON.stringify(message);
}

/** @throws RelayMessageError with the text of spec 51 §3.3 */
export function parseRelayMessage(frame: string | Uint8Array): RelayMessage {
    const message = parseObject(frame);
    const { command } = message;
    if (typeof command !== 'string' || !Object.hasOwn(members, command))
        throw new RelayMessageError('Received data does not match the data of a client message.');
    const shape: Readonly<Record<string, string>> = members[command as RelayCommand];
    for (const [name, type] of Object.entries(shape)) if (!isOfType(message[name], type)) throw mismatch(command);
    const known = Object.fromEntries(Object.keys(shape).map(name => [name, message[name]]));
    return { command, ...known } as RelayMessage;
}

/** The message that has to come now. @throws RelayMessageError for any other one */
export function expectRelayMessage<C extends RelayCommand>(frame: string | Uint8Array, command: C): RelayMessage<C> {
    const message = parseRelayMessage(frame);
    if (!isCommand(message, command))
        throw new RelayMessageError(`Received unexpected type '${message.command}'. Expected type '${command}'.`);
    return message;
}

function parseObject(frame: string | Uint8Array): Readonly<Record<string, unknown>> {
    if (typeof frame !== 'string') throw new RelayMessageError('Received message that is not a string message.');
    if (frame.length > MAX_RELAY_MESSAGE) throw new RelayMessageError('Received message that is too long.');
    let value: unknown;
    try {
        value = JSON.parse(frame);
    } catch (cause) {
        const text = cause instanceof Error ? cause.message : '';
        throw new RelayMessageError(`Received message that does not conform to JSON: ${text}`, { cause });
    }
    if (typeof value !== 'object' || value === null)
        throw new RelayMessageError('Received data does not match the data of a client message.');
    return value as Readonly<Record<string, unknown>>;
}

function isCommand<C extends RelayCommand>(message: RelayMessage, command: C): message is RelayMessage<C> {
    return message.command === command;
}

function isOfType(value: unknown, type: string): boolean {
    if (type === 'number') return typeof value === 'number' && Number.isFinite(value) && value >= 0;
    return typeof value === 'string' && (type === 'text' || isHexString(value));
}

function mismatch(command: string): RelayMessageError {
    return new RelayMessageError(`Received data does not match the data expected for command '${command}'`);
}
