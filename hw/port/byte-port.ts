/** What a port tells its owner. Handlers are given once, at open. */
export interface BytePortHandlers {
    onBytes(chunk: Uint8Array): void;
    /** Comes exactly once per successful open, whoever closed; nothing follows it. `cause` is undefined after our own `close`. */
    onClose(cause: Error | undefined): void;
}

/**
 * Bytes in, bytes out: a tty, a TCP socket, an emulator in memory. One object is one use: reconnecting means making a
 * new one.
 */
export interface BytePort {
    /** For people and logs, e.g. "/dev/ttyUSB0". Never holds a credential. */
    readonly label: string;
    /** Rejects with a message that says what to do when the port cannot be had. */
    open(handlers: BytePortHandlers): Promise<void>;
    /** Resolves when the bytes were handed to the device; rejects after a close. Calls are sent in order. */
    write(bytes: Uint8Array): Promise<void>;
    /** Idempotent. */
    close(): Promise<void>;
}

/** Makes a fresh port each time, so that a driver can reopen after an unplug for as long as it lives. */
export type BytePortFactory = () => BytePort;
