import { err, ok, type Result } from "../../src/base/result.ts";
import type { Clock, Millis } from "../../src/base/time.ts";
import type { ModemError } from "../modem.ts";
import type { BytePort } from "../port/byte-port.ts";

/** Makes a fresh port at a speed each time: registers and data may need different ones. */
export type PortAtSpeed = (baudRate: number) => BytePort;

export interface SessionOptions {
    readonly label: string;
    readonly portAt: PortAtSpeed;
    readonly clock: Clock;
    /** Comes once, when the port is gone by itself or somebody calls `end`. */
    onEnd(error: ModemError): void;
}

/** One use of a module: its port at one speed or the other, and everything that waits for it. */
export class Session {
    readonly clock: Clock;
    /** Gets the bytes of the module; whoever reads now puts its own here. */
    onBytes: (chunk: Uint8Array) => void = () => undefined;
    readonly #options: SessionOptions;
    readonly #waiters = new Set<() => void>();
    #port: { readonly bytes: BytePort; readonly baudRate: number } | undefined;
    #ended: ModemError | undefined;

    constructor(options: SessionOptions) {
        this.#options = options;
        this.clock = options.clock;
    }

    get ended(): ModemError | undefined {
        return this.#ended;
    }

    /** Makes sure that the port is open at this speed. */
    async openAt(baudRate: number): Promise<Result<void, ModemError>> {
        if (this.#ended) return err(this.#ended);
        if (this.#port?.baudRate === baudRate) return ok(undefined);
        await this.#closePort();
        const bytes = this.#options.portAt(baudRate);
        const port = { bytes, baudRate };
        this.#port = port;
        try {
            await bytes.open({
                onBytes: (chunk) => {
                    if (this.#port !== port) return;
                    this.onBytes(chunk);
                    this.poke();
                },
                onClose: (cause) => {
                    if (this.#port === port) this.end(gone(this.#options.label, cause));
                },
            });
        } catch (cause) {
            this.end({ kind: "unplugged", detail: cause instanceof Error ? cause.message : String(cause) });
        }
        if (!this.#ended) return ok(undefined);
        await bytes.close();
        return err(this.#ended);
    }

    async write(bytes: Uint8Array): Promise<Result<void, ModemError>> {
        const port = this.#port;
        if (this.#ended) return err(this.#ended);
        if (!port) return err({ kind: "unplugged", detail: `${this.#options.label} is not open` });
        try {
            await port.bytes.write(bytes);
        } catch {
            this.end(gone(this.#options.label, undefined));
        }
        return this.#ended ? err(this.#ended) : ok(undefined);
    }

    /** Whether `test` came to hold within the time; it is asked again whenever something happened. */
    until(test: () => boolean, withinMs: Millis): Promise<boolean> {
        if (this.#ended) return Promise.resolve(false);
        if (test()) return Promise.resolve(true);
        return new Promise((resolve) => {
            const settle = (held: boolean): void => {
                cancel();
                this.#waiters.delete(look);
                resolve(held);
            };
            const look = (): void => {
                if (this.#ended) settle(false);
                else if (test()) settle(true);
            };
            const cancel = this.clock.schedule(this.clock.now().monotonic + withinMs, () => settle(false));
            this.#waiters.add(look);
        });
    }

    /** Ends early when the session ends. */
    async sleep(ms: Millis): Promise<void> {
        await this.until(() => false, ms);
    }

    /** Something happened that `until` may wait for. */
    poke(): void {
        for (const look of [...this.#waiters]) look();
    }

    end(error: ModemError): void {
        if (this.#ended) return;
        this.#ended = error;
        this.poke();
        this.#options.onEnd(error);
    }

    /** For the owner who has had enough: nothing is told. */
    async close(error: ModemError): Promise<void> {
        this.#ended ??= error;
        this.poke();
        await this.#closePort();
    }

    async #closePort(): Promise<void> {
        const port = this.#port;
        this.#port = undefined;
        await port?.bytes.close();
    }
}

function gone(label: string, cause: Error | undefined): ModemError {
    return {
        kind: "unplugged",
        detail: `${label} is gone${cause ? ` (${cause.message})` : ""}: plug the module in again`,
    };
}
