import { concatBytes } from "../../src/base/bytes.ts";

/** What goes before the data on the air: destination, network and key. The real layout is EBYTE's secret. */
const HEAD_BYTES = 5;

export interface AirPacket {
    readonly to: number;
    readonly networkId: number;
    readonly key: number;
    readonly data: Uint8Array;
}

export function pack({ to, networkId, key, data }: AirPacket): Uint8Array {
    return concatBytes(Uint8Array.of(to >> 8, to & 0xff, networkId, key >> 8, key & 0xff), data);
}

export function unpack(bytes: Uint8Array): AirPacket | undefined {
    if (bytes.length < HEAD_BYTES) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return {
        to: view.getUint16(0),
        networkId: view.getUint8(2),
        key: view.getUint16(3),
        data: bytes.slice(HEAD_BYTES),
    };
}

/** Everybody on the channel, as sender and as receiver. */
export const EVERYBODY = 0xffff;

/** Bytes at the wrong speed: other bytes, and always the same ones. */
export function mangled(bytes: Uint8Array): Uint8Array {
    return bytes.map((byte) => ((byte * 73) ^ 0x5a) & 0xff);
}
