/**
 * What CHUM runs over (spec 40 §2.1): ordered and reliable; texts and bytes stay what they are. Encryption, keep-alive and
 * fragments lie below, memory pairs in tests.
 */
export interface MessageChannel {
    /** For log texts only. */
    readonly id: number;
    /** Bytes that are not handed to the network yet. */
    readonly bufferedAmount: number;
    /**
     * Bytes that have come so far, with those of a message that is not complete: what shows that the peer is sending one that takes
     * minutes on a slow line. Without it, only whole messages can be seen.
     */
    readonly receivedAmount?: number;
    /** Resolves when neither side can send any more, whoever has closed it and why. */
    readonly closed: Promise<void>;
    /** Does nothing once the channel is closed. */
    send(message: string | Uint8Array): void;
    /** @param reason free text; what is above 123 bytes is cut */
    close(reason?: string): void;
    /**
     * Has each message handed over, in order. Whatever came before is handed over first, so that nothing is lost between the
     * connection and its use (spec 40 §7.2). One listener at a time.
     */
    listen(listener: (message: string | Uint8Array) => void): void;
}
