import { fromHex } from "../../src/base/encoding.ts";
import { LineCutter } from "../at/line-cutter.ts";
import type { Reader, Said } from "../at/said.ts";

/** Longest line, in bytes; the longest real one is a packet of 255 bytes in hex with its numbers. */
export const LINE_BYTES_MAX = 640;

const PACKET = /^\+EVT:RXP2P:(-?\d{1,4}):(-?\d{1,4}):((?:[0-9A-Fa-f]{2}){0,255})$/;
const OLD_HEAD = /^\+EVT:RXP2P, ?RSSI (-?\d{1,4}), ?SNR (-?\d{1,4})$/;
const OLD_DATA = /^\+EVT:((?:[0-9A-Fa-f]{2}){1,255})$/;
const VALUE = /^(?:AT\+[A-Z0-9]{2,12}=)?([\w.:-]{1,80})$/;
const STATUS = /^AT_[A-Z_]{3,40}$/;

const MEANINGS: Readonly<Record<string, string>> = {
    AT_ERROR: "the module failed for a reason it does not name",
    AT_PARAM_ERROR: "the module does not take this value",
    AT_BUSY_ERROR: "the radio is busy",
    AT_COMMAND_NOT_FOUND: "this firmware does not know the command",
    AT_MODE_NO_SUPPORT: "the module is not in its point-to-point mode",
};

/** What a RAK3172 says. A value counts only with the OK after it, so the two come as one answer, "OK" with a value. */
export class Rak3172Reader implements Reader {
    readonly #cutter = new LineCutter(LINE_BYTES_MAX);
    readonly #onLapse: () => void;
    #value = "";
    /** The first line of a packet in the older form. */
    #head: { readonly rssiDbm: number; readonly snrDb: number } | undefined;

    /** `onLapse` is called when the module says that it no longer receives. */
    constructor(onLapse: () => void) {
        this.#onLapse = onLapse;
    }

    push(chunk: Uint8Array): readonly Said[] {
        return this.#cutter.push(chunk).flatMap((cut) => {
            if (typeof cut === "number") return [{ kind: "noise", size: cut }];
            const said = cut === "" ? undefined : this.#meant(cut);
            return said ? [said] : [];
        });
    }

    forget(): void {
        this.#cutter.forget();
        this.#value = "";
        this.#head = undefined;
    }

    #meant(line: string): Said | undefined {
        if (line.startsWith("+EVT:")) return this.#event(line) ?? { kind: "noise", size: line.length };
        if (line.startsWith("Current Work Mode")) {
            this.#value = "";
            return { kind: "started" };
        }
        if (line === "OK") return { kind: "value", name: "OK", value: this.#takeValue() };
        if (STATUS.test(line)) {
            this.#value = "";
            const detail = `${line}, ${MEANINGS[line] ?? "unknown to the manual"}`;
            return { kind: "failure", error: line === "AT_BUSY_ERROR" ? "busy" : "refused", detail };
        }
        const value = VALUE.exec(line)?.[1];
        if (value === undefined) return { kind: "noise", size: line.length };
        this.#value = value;
        return undefined;
    }

    #event(line: string): Said | undefined {
        if (line === "+EVT:TXP2P DONE") return { kind: "value", name: "TXP2P DONE", value: "" };
        if (line === "+EVT:RXP2P RECEIVE TIMEOUT") {
            this.#onLapse();
            return { kind: "deaf" };
        }
        const packet = PACKET.exec(line);
        if (packet) {
            const [, rssi, snr, hex = ""] = packet;
            return { kind: "received", data: bytesIn(hex), rssiDbm: Number(rssi), snrDb: Number(snr) };
        }
        const data = OLD_DATA.exec(line)?.[1];
        const head = this.#head;
        this.#head = undefined;
        if (data !== undefined && head) return { kind: "received", data: bytesIn(data), ...head };
        const oldHead = OLD_HEAD.exec(line);
        if (oldHead) this.#head = { rssiDbm: Number(oldHead[1]), snrDb: Number(oldHead[2]) };
        return undefined;
    }

    #takeValue(): string {
        const value = this.#value;
        this.#value = "";
        return value;
    }
}

function bytesIn(hex: string): Uint8Array {
    return fromHex(hex) ?? new Uint8Array(0);
}
