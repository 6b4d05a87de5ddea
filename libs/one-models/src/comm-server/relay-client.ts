/** What is told of a socket at a communication server to whoever has accepted it. */
export interface RelayClient {
    /** It has registered a key without the secret of it. */
    readonly onFailed?: () => void;
    /** What it sends from now on is for the other side, and as long as frames of peers are. */
    readonly onRelay?: () => void;
}
