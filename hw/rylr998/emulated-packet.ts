import { AIR_OVERHEAD_BYTES } from "./commands.ts";

interface Packet {
    readonly to: number;
    readonly from: number;
    /** A number that stands for it. */
    readonly password: number;
    readonly data: Uint8Array;
}

/** The eight bytes that go before the data on the air: addresses and the password's number. */
export function pack({ to, from, password, data }: Packet): Uint8Array {
    const bytes = new Uint8Array(AIR_OVERHEAD_BYTES + data.length);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, to);
    view.setUint16(2, from);
    view.setUint32(4, password);
    bytes.set(data, AIR_OVERHEAD_BYTES);
    return bytes;
}

export function unpack(bytes: Uint8Array): Packet | undefined {
    if (bytes.length < AIR_OVERHEAD_BYTES) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const data = bytes.slice(AIR_OVERHEAD_BYTES);
    return { to: view.getUint16(0), from: view.getUint16(2), password: view.getUint32(4), data };
}
