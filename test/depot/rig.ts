import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NewMessage, StoredTombstone } from "../../src/depot/store.ts";
import { id16 } from "../support/envelopes.ts";

export const T0 = 1_767_225_600;

/** First byte of every payload here; whatever begins otherwise counts as undecodable. */
const MARK = 0x4d;

export function decodes(payload: Uint8Array): boolean {
    return payload[0] === MARK;
}

export function payloadOf(number: number, size = 40): Uint8Array {
    const payload = new Uint8Array(size).fill(number & 0xff);
    payload[0] = MARK;
    new DataView(payload.buffer).setUint32(1, number);
    return payload;
}

export function newMessage(number: number, change: Partial<NewMessage> & { readonly size?: number } = {}): NewMessage {
    const { size, ...fields } = change;
    return {
        messageId: id16(number, 0xa0),
        routingKey: id16(1, 0xb0),
        ackHash: id16(number, 0xc0),
        payload: payloadOf(number, size),
        ingress: "http",
        receivedAt: T0,
        expiresAt: T0 + 3600,
        ...fields,
    };
}

export function newTombstone(number: number, change: Partial<StoredTombstone> = {}): StoredTombstone {
    return {
        messageId: id16(number, 0xa0),
        ackSecret: id16(number, 0xd0),
        payload: payloadOf(number),
        ingress: "lora",
        proven: true,
        expiresAt: T0 + 3600,
        ...change,
    };
}

/** Runs `use` with a new directory that is gone afterwards. */
export async function withDirectory<T>(use: (directory: string) => Promise<T> | T): Promise<T> {
    const directory = mkdtempSync(join(tmpdir(), "hearth-depot-"));
    try {
        return await use(directory);
    } finally {
        rmSync(directory, { recursive: true, force: true });
    }
}
