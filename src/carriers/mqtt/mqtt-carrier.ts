import { makePrng } from "../../base/prng.ts";
import type { Clock, Entropy } from "../../base/time.ts";
import type {
    Carrier,
    CarrierHandlers,
    CarrierId,
    CarrierState,
    CarrierTraits,
    Parcel,
    SendOutcome,
} from "../carrier.ts";
import { reconnectPauseMs } from "./backoff.ts";
import type { BrokerTls } from "./broker-stream.ts";
import type { BrokerPlace, Login } from "./broker-url.ts";
import { type Connection, openConnection, type Publish } from "./connection.ts";
import { DEPOT_MS_FIRST, DEPOT_MS_MAX, NOTICE_MS, PUBLISHES_MAX, STATE_MS, STEADY_MS } from "./limits.ts";
import { filtersFor, payloadSizeMax, publishOf, readPublish, type Subscribed } from "./topics.ts";

/** What a gateway shows on a broker beside the messages. */
export interface Shown {
    /** Published as long as this gateway is there, again whenever it changes; undefined shows nothing. */
    readonly online: (() => Publish) | undefined;
    readonly offline: Publish | undefined;
    /** Published once for each connection: descriptions, and empty ones that remove what is shown no more. */
    readonly onConnect: () => readonly Publish[];
    /** The broker has all of `onConnect`. */
    readonly onTold: () => void;
}

export interface MqttCarrierOptions {
    readonly id: CarrierId;
    readonly place: BrokerPlace;
    readonly login: Login | undefined;
    readonly tls: BrokerTls;
    readonly clientId: string;
    readonly prefix: string;
    readonly subscribed: Subscribed;
    readonly shown: Shown;
    readonly clock: Clock;
    readonly entropy: Entropy;
    /** A line for the log, seldom. Never holds a login or a payload. */
    readonly onNotice: (text: string) => void;
}

export function makeMqttCarrier(options: MqttCarrierOptions): Carrier {
    return new MqttCarrier(options);
}

/** One broker: Ember's topics both ways, reconnected for ever. */
class MqttCarrier implements Carrier {
    readonly id: CarrierId;
    readonly traits: CarrierTraits;
    readonly #options: MqttCarrierOptions;
    readonly #random: () => number;
    readonly #dropped: (why: string) => void;
    #handlers: CarrierHandlers | undefined;
    #connection: Connection | undefined;
    #isUp = false;
    #failures = 0;
    #lastState = "";
    #cancels = new Set<() => void>();

    constructor(options: MqttCarrierOptions) {
        this.id = options.id;
        this.#options = options;
        this.traits = {
            offers: true,
            payloadSizeMax: payloadSizeMax(options.prefix),
            inFlightMax: PUBLISHES_MAX,
            unknownTombstone: "remember",
            // A broker anywhere; what nobody on a mesh asked for stays off it.
            isInternet: true,
            revives: false,
        };
        const seed = new Uint8Array(4);
        options.entropy.fill(seed);
        this.#random = makePrng(new DataView(seed.buffer).getUint32(0));
        this.#dropped = seldom(options.clock, (count, why) =>
            options.onNotice(`${options.id} threw away ${count} of the broker's messages, the last because ${why}`),
        );
    }

    async start(handlers: CarrierHandlers): Promise<void> {
        this.#handlers = handlers;
        this.#tell({ kind: "starting" });
        this.#connect();
    }

    async send(parcel: Parcel, signal: AbortSignal): Promise<SendOutcome> {
        const connection = this.#connection;
        if (!connection || !this.#isUp) return failed("not connected");
        if (signal.aborted) return failed("called back");
        const publish = publishOf(this.#options.prefix, parcel.payload);
        if (!publish.ok) return { kind: "rejected", detail: `no payload: ${publish.error.kind}` };
        // A publish cannot be called back; whoever does not want it any more does not wait for it.
        const aborted = new Promise<SendOutcome>((resolve) => {
            signal.addEventListener("abort", () => resolve(failed("called back")), { once: true });
        });
        const sent = connection.publish({ ...publish.value, retain: false });
        const outcome = sent.then((result) =>
            result.ok ? ({ kind: "handed_over", repeats: true } as const) : failed(result.error),
        );
        return Promise.race([outcome, aborted]);
    }

    async stop(): Promise<void> {
        this.#handlers = undefined;
        for (const cancel of this.#cancels) cancel();
        this.#cancels.clear();
        const connection = this.#connection;
        this.#connection = undefined;
        await connection?.leave(this.#isUp ? this.#options.shown.offline : undefined);
        this.#isUp = false;
    }

    #connect(): void {
        const { prefix, subscribed, shown, place } = this.#options;
        const isMine = (): boolean => this.#connection === connection && this.#handlers !== undefined;
        const connection: Connection = openConnection({
            ...this.#options,
            filters: filtersFor(prefix, subscribed),
            will: shown.offline,
            onUp: () => {
                if (!isMine()) return;
                this.#isUp = true;
                this.#tell({ kind: "up", detail: place.shown });
                this.#after(STEADY_MS, () => {
                    if (isMine()) this.#failures = 0;
                });
                void this.#show(connection, isMine);
            },
            onMessage: (message) => this.#receive(message, isMine),
            onSkipped: () => this.#dropped("it was too large"),
            onClosed: (reason) => {
                if (!isMine()) return;
                this.#isUp = false;
                this.#connection = undefined;
                this.#tell({ kind: "down", reason: `${place.shown}: ${reason}` });
                this.#after(reconnectPauseMs(this.#failures++, this.#random()), () => this.#connect());
            },
        });
        this.#connection = connection;
    }

    async #receive({ topic, text, retain }: Publish, isMine: () => boolean): Promise<"taken" | "later"> {
        // Ember never retains: such a message would come again at each connection, also after it expired.
        const read = retain ? undefined : readPublish(this.#options.prefix, topic, text);
        if (!read?.ok) {
            this.#dropped(read ? `it was of no use (${read.error.kind})` : "it was retained");
            return "taken";
        }
        for (let pause = DEPOT_MS_FIRST; ; pause = Math.min(DEPOT_MS_MAX, pause * 2)) {
            const handlers = this.#handlers;
            if (!handlers || !isMine()) return "later";
            const arrival = await handlers.onPayload(read.value);
            const isLater = arrival.kind === "refused" && (arrival.reason === "busy" || arrival.reason === "storage");
            if (!isLater) return "taken";
            await new Promise<void>((resolve) => this.#after(pause, resolve));
        }
    }

    async #show(connection: Connection, isMine: () => boolean): Promise<void> {
        const { shown } = this.#options;
        let isTold = true;
        for (const message of shown.onConnect()) isTold &&= (await connection.publish(message)).ok;
        if (isTold) shown.onTold();
        const { online } = shown;
        let last = "";
        const repeat = async (): Promise<void> => {
            if (!online || !isMine()) return;
            const message = online();
            if (message.text !== last) {
                last = message.text;
                await connection.publish(message);
            }
            if (isMine()) this.#after(STATE_MS, () => void repeat());
        };
        await repeat();
    }

    #after(ms: number, task: () => void): void {
        const { clock } = this.#options;
        const cancel = clock.schedule(clock.now().monotonic + ms, () => {
            this.#cancels.delete(cancel);
            task();
        });
        this.#cancels.add(cancel);
    }

    /** Only what is new: a broker that is away for a day is one line. */
    #tell(state: CarrierState): void {
        const name = state.kind === "down" ? `down ${state.reason}` : state.kind;
        if (name === this.#lastState) return;
        this.#lastState = name;
        this.#handlers?.onState(state);
    }
}

function failed(detail: string): SendOutcome {
    return { kind: "failed", detail };
}

/** Counts, and tells at once, then at most once in `NOTICE_MS`. */
function seldom(clock: Clock, tell: (count: number, why: string) => void): (why: string) => void {
    let count = 0;
    let next = Number.NEGATIVE_INFINITY;
    return (why) => {
        count++;
        const now = clock.now().monotonic;
        if (now < next) return;
        next = now + NOTICE_MS;
        tell(count, why);
        count = 0;
    };
}
