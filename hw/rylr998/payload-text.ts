import { fromBase64, toBase64 } from "../../src/base/encoding.ts";
import { DATA_BYTES_MAX } from "./dialogue.ts";

/** How a frame becomes the data of an AT command, and back. */
export interface PayloadText {
    /** Largest frame, in bytes. */
    readonly frameSizeMax: number;
    /** Data bytes on the air for a frame of this size. */
    textSize(frameSize: number): number;
    encode(frame: Uint8Array): Uint8Array;
    /** Undefined for data that no Hearth sent in this form. */
    decode(data: Uint8Array): Uint8Array | undefined;
}

/** Survives every firmware: three bytes of frame in four characters. */
export const BASE64_TEXT: PayloadText = {
    frameSizeMax: (DATA_BYTES_MAX / 4) * 3,
    textSize: (frameSize) => Math.ceil(frameSize / 3) * 4,
    encode: (frame) => Uint8Array.from(toBase64(frame), (letter) => letter.charCodeAt(0)),
    decode: (data) => fromBase64(String.fromCharCode(...data)),
};

/** Raw bytes, for firmware that frames by length. */
export const BINARY_TEXT: PayloadText = {
    frameSizeMax: DATA_BYTES_MAX,
    textSize: (frameSize) => frameSize,
    encode: (frame) => frame,
    decode: (data) => data,
};
