import { fromHex } from "../../src/base/encoding.ts";
import { LineCutter } from "../at/line-cutter.ts";
import type { Reader, Said } from "../at/said.ts";

/** Longest line, in bytes; the longest real one is a packet of 255 bytes in hex with spaces between. */
export const LINE_BYTES_MAX = 800;

const HEAD = /^\+TEST: LEN:(\d{1,3}), ?RSSI:(-?\d{1,4}), ?SNR:(-?\d{1,4})$/;
const PACKET = /^\+TEST: RX "([0-9A-Fa-f ]{0,765})"$/;
const ERROR = /^\+[A-Z]{2,10}: ERROR\((-\d{1,3})\)$/;
const VALUE = /^\+([A-Z]{2,10}): ?([\x20-\x7e]*)$/;

const MEANINGS: Readonly<Record<string, string>> = {
    "-1": "the module does not take this value",
    "-10": "the module does not know the command",
    "-11": "the command has the wrong form",
    "-12": "the module is not in its test mode",
    "-20": "the command has too many values",
    "-21": "the command is too long",
    "-22": "the end of the command did not come: the serial line loses bytes",
    "-23": "the command has a character that is not allowed: the serial line damages bytes",
    "-24": "the command is too long, or came damaged",
};

/** What a LoRa-E5 says. A packet comes in two lines, of which the first has its size. */
export class LoraE5Reader implements Reader {
    readonly #cutter = new LineCutter(LINE_BYTES_MAX);
    #head: { readonly size: number; readonly rssiDbm: number; readonly snrDb: number } | undefined;

    push(chunk: Uint8Array): readonly Said[] {
        return this.#cutter.push(chunk).flatMap((cut) => {
            if (typeof cut === "number") return [{ kind: "noise", size: cut }];
            const said = cut === "" ? undefined : this.#meant(cut);
            return said ? [said] : [];
        });
    }

    forget(): void {
        this.#cutter.forget();
        this.#head = undefined;
    }

    #meant(line: string): Said | undefined {
        const head = HEAD.exec(line);
        if (head) {
            this.#head = { size: Number(head[1]), rssiDbm: Number(head[2]), snrDb: Number(head[3]) };
            return undefined;
        }
        const packet = PACKET.exec(line)?.[1];
        if (packet !== undefined) return this.#packet(packet) ?? { kind: "noise", size: line.length };
        const code = ERROR.exec(line)?.[1];
        if (code !== undefined) {
            const detail = `ERROR(${code}), ${MEANINGS[code] ?? "unknown to the specification"}`;
            return { kind: "failure", error: "refused", detail };
        }
        const [, name, value = ""] = VALUE.exec(line) ?? [];
        return name === undefined ? { kind: "noise", size: line.length } : { kind: "value", name, value };
    }

    /** Firmware 2.0.10 puts spaces between the bytes. A packet of another size than announced lost some on the line. */
    #packet(text: string): Said | undefined {
        const data = fromHex(text.replaceAll(" ", ""));
        const head = this.#head;
        this.#head = undefined;
        if (!data || !head || data.length !== head.size) return undefined;
        return { kind: "received", data, rssiDbm: head.rssiDbm, snrDb: head.snrDb };
    }
}
