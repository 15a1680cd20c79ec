import { err, ok, type Result } from "../base/result.ts";

/** Largest frame in a submit body or a bundle file, in bytes. */
export const FRAME_SIZE_MAX = 16 * 1024 * 1024;

/** Why a submit body was refused as a whole (SPEC section 11.2). */
export type SubmitBodyError =
    | { readonly kind: "too_short" }
    | { readonly kind: "empty_bundle" }
    | { readonly kind: "too_many_frames"; readonly count: number; readonly max: number }
    | { readonly kind: "truncated"; readonly frame: number; readonly declared: number; readonly available: number }
    | { readonly kind: "frame_too_large"; readonly frame: number; readonly size: number }
    | { readonly kind: "trailing_data"; readonly extra: number };

export function encodeSubmitBody(frames: readonly Uint8Array[]): Uint8Array {
    let size = 4;
    for (const frame of frames) size += 4 + frame.length;
    const body = new Uint8Array(size);
    const view = new DataView(body.buffer);
    view.setUint32(0, frames.length, true);
    let offset = 4;
    for (const frame of frames) {
        view.setUint32(offset, frame.length, true);
        body.set(frame, offset + 4);
        offset += 4 + frame.length;
    }
    return body;
}

/** Splits a submit body into frames, which are views into it. The order of checks is Ember's. */
export function decodeSubmitBody(body: Uint8Array, framesMax: number): Result<readonly Uint8Array[], SubmitBodyError> {
    if (body.length < 4) return err({ kind: "too_short" });
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    const count = view.getUint32(0, true);
    if (count === 0) return err({ kind: "empty_bundle" });
    if (count > framesMax) return err({ kind: "too_many_frames", count, max: framesMax });
    const frames: Uint8Array[] = [];
    let offset = 4;
    for (let frame = 0; frame < count; frame++) {
        const left = body.length - offset;
        if (left < 4) return err({ kind: "truncated", frame, declared: 0, available: left });
        const declared = view.getUint32(offset, true);
        if (declared > FRAME_SIZE_MAX) return err({ kind: "frame_too_large", frame, size: declared });
        const available = left - 4;
        if (declared > available) return err({ kind: "truncated", frame, declared, available });
        frames.push(body.subarray(offset + 4, offset + 4 + declared));
        offset += 4 + declared;
    }
    if (offset < body.length) return err({ kind: "trailing_data", extra: body.length - offset });
    return ok(frames);
}

/** Ember's exact words, which follow "Invalid bundle body: ". */
export function submitBodyErrorText(error: SubmitBodyError): string {
    switch (error.kind) {
        case "too_short":
            return "body too short: need at least 4 bytes for frame count";
        case "empty_bundle":
            return "frame count is zero";
        case "too_many_frames":
            return `too many frames: ${error.count} exceeds max ${error.max}`;
        case "truncated":
            return `truncated: frame ${error.frame} declares ${error.declared} bytes but only ${error.available} remain`;
        case "frame_too_large":
            return `frame ${error.frame} too large: ${error.size} bytes (max ${FRAME_SIZE_MAX})`;
        case "trailing_data":
            return `trailing data: ${error.extra} bytes after last frame`;
    }
}
