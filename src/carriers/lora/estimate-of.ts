import type { LoraParams, Modem } from "../../../hw/modem.ts";
import type { Millis } from "../../base/time.ts";
import { BLOCK_OVERHEAD } from "../../link/block/block.ts";
import { CHUNK_OVERHEAD } from "../../link/chunks.ts";
import { estimateTransfer, type TransferEstimate } from "../../link/estimate.ts";
import { SINGLE_HEADER_SIZE, SYMBOL_HEADER_SIZE } from "../../link/frame/limits.ts";
import type { AirLaw } from "../../link/ledger.ts";
import type { Parcel } from "../carrier.ts";
import type { Fit } from "./fit.ts";

export interface EstimateParts {
    readonly modem: Modem;
    readonly params: LoraParams;
    readonly law: AirLaw;
    readonly fit: Fit;
    readonly isChunked: boolean;
    /** What the network key adds to each frame of the link, in bytes. */
    readonly trailer: number;
    readonly now: Millis;
}

/** What a parcel costs if nothing is lost and nothing in it is known over there; undefined where nothing may be sent. */
export function estimateOf({ payload }: Parcel, parts: EstimateParts): TransferEstimate | undefined {
    const { modem, params, law, fit, isChunked, trailer, now } = parts;
    const allowed = law.allowance(params);
    if (!allowed.ok) return undefined;
    const blockSize = payload.length + BLOCK_OVERHEAD;
    const isSingle = blockSize + SINGLE_HEADER_SIZE + trailer <= fit.frameSizeMax;
    const headerSize = trailer + (isSingle ? SINGLE_HEADER_SIZE : SYMBOL_HEADER_SIZE);
    return estimateTransfer({
        // A chunk has the envelope without the payload's type byte.
        payloadSize: isChunked ? payload.length - 1 : blockSize,
        frameSizeMax: fit.frameSizeMax,
        headerSize: isChunked ? CHUNK_OVERHEAD : headerSize,
        airtimeMs: (size) => modem.airtimeMs(size),
        loss: 0,
        allowance: allowed.value,
        spentMs: law.spentMs(params, now),
        now,
    });
}
