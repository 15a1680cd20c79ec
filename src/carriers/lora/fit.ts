import type { LoraParams, Modem } from "../../../hw/modem.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { AirtimeReserve } from "../../link/airtime-book.ts";
import { PAYLOAD_SIZE_MAX } from "../../link/block/item.ts";
import { FRAME_SIZE_MIN, SYMBOL_HEADER_SIZE } from "../../link/frame/limits.ts";
import type { AirLaw } from "../../link/ledger.ts";

/** Share of the hour's airtime kept for acknowledgments while the past counts for long: who sent too much can still answer. */
const ACK_SHARE = 0.05;

/** So many small acks are always kept free, even when more budget comes back soon. */
const ACKS_KEPT = 2;

/** Size of a small ack in bytes. */
const ACK_SIZE = 20;

/** One payload may take this share of the hour's airtime, so that it arrives within the hour even with some loss. */
const PAYLOAD_SHARE = 0.5;

/** Even on the slowest channel payloads of this size are tried, in bytes: an ordinary message has 240. */
const PAYLOAD_SIZE_LEAST = 1024;

export interface Fit {
    readonly frameSizeMax: number;
    readonly payloadSizeMax: number;
    /** What data frames leave of the hour's budget; undefined where there is none. */
    readonly reserve: AirtimeReserve | undefined;
}

/** What frames and payloads this modem may send under this law, or why it may send nothing at all. */
export function fitChannel(modem: Modem, law: AirLaw, params: LoraParams): Result<Fit, string> {
    const allowed = law.allowance(params);
    if (!allowed.ok) return err(allowed.error.join("; "));
    const { band, frameAirtimeMaxMs, hourBudgetMs } = allowed.value;
    let frameSizeMax = sizeInOnePiece(modem);
    while (frameSizeMax >= FRAME_SIZE_MIN && modem.airtimeMs(frameSizeMax) > frameAirtimeMaxMs) frameSizeMax--;
    if (frameSizeMax < FRAME_SIZE_MIN) {
        const needed = modem.airtimeMs(FRAME_SIZE_MIN).toFixed(0);
        return err(
            `band ${band.name} allows ${frameAirtimeMaxMs.toFixed(0)} ms for one transmission, and ${FRAME_SIZE_MIN} bytes take ${needed} ms: choose a lower spreading factor or a wider bandwidth`,
        );
    }
    if (hourBudgetMs === undefined) return ok({ frameSizeMax, payloadSizeMax: PAYLOAD_SIZE_MAX, reserve: undefined });
    const frames = Math.floor((PAYLOAD_SHARE * hourBudgetMs) / modem.airtimeMs(frameSizeMax));
    const affordable = Math.max(PAYLOAD_SIZE_LEAST, frames * (frameSizeMax - SYMBOL_HEADER_SIZE));
    const mostMs = ACK_SHARE * hourBudgetMs;
    const reserve = { mostMs, leastMs: Math.min(mostMs, ACKS_KEPT * modem.airtimeMs(ACK_SIZE)) };
    return ok({ frameSizeMax, payloadSizeMax: Math.min(PAYLOAD_SIZE_MAX, affordable), reserve });
}

/** What a modem that may not send can still hear. */
export function fitForListening(modem: Modem): Fit {
    const frameSizeMax = Math.max(FRAME_SIZE_MIN, sizeInOnePiece(modem));
    return { frameSizeMax, payloadSizeMax: PAYLOAD_SIZE_MAX, reserve: undefined };
}

/** Two pieces are lost almost twice as often as one, and the link puts its frames together by itself. */
function sizeInOnePiece({ traits }: Modem): number {
    return traits.pieceSizeMax ?? traits.frameSizeMax;
}
