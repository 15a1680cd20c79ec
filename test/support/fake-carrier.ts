import type {
    Arrival,
    Carrier,
    CarrierHandlers,
    CarrierTraits,
    Parcel,
    SendOutcome,
} from "../../src/carriers/carrier.ts";
import { testWay } from "./envelopes.ts";

interface Sending {
    readonly parcel: Parcel;
    readonly settle: (outcome: SendOutcome) => void;
}

/** A carrier whose medium is the test itself. */
export class FakeCarrier implements Carrier {
    readonly id: string;
    readonly traits: CarrierTraits;
    /** In flight now. */
    readonly sending: Sending[] = [];
    /** Everything it was ever asked to send. */
    readonly sent: Parcel[] = [];
    readonly aborted: Parcel[] = [];
    #handlers: CarrierHandlers | undefined;

    constructor(id: string, traits: Partial<CarrierTraits>) {
        this.id = id;
        this.traits = testWay(id, traits).traits;
    }

    async start(handlers: CarrierHandlers): Promise<void> {
        this.#handlers = handlers;
    }

    up(): void {
        this.#handlers?.onState({ kind: "up", detail: "" });
    }

    down(): void {
        this.#handlers?.onState({ kind: "down", reason: "unplugged" });
    }

    receive(payload: Uint8Array): Promise<Arrival> {
        if (!this.#handlers) throw new Error("not started");
        return this.#handlers.onPayload(payload);
    }

    settle(index: number, outcome: SendOutcome): void {
        const [sending] = this.sending.splice(index, 1);
        sending?.settle(outcome);
    }

    send(parcel: Parcel, signal: AbortSignal): Promise<SendOutcome> {
        this.sent.push(parcel);
        return new Promise((resolve) => {
            const sending: Sending = { parcel, settle: resolve };
            this.sending.push(sending);
            signal.addEventListener("abort", () => {
                this.aborted.push(parcel);
                this.sending.splice(this.sending.indexOf(sending), 1);
                resolve({ kind: "failed", detail: "aborted" });
            });
        });
    }

    async stop(): Promise<void> {
        this.#handlers = undefined;
    }
}
