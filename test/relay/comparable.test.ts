import { expect, it } from "vitest";
import { isComparable } from "../../src/relay/comparable.ts";
import { decodeWirePayload } from "../../src/wire/payload.ts";
import { testMessage } from "../support/envelopes.ts";

const HOUR_S = 3600;
const SENT = 500_000 * HOUR_S;

function comparable(ttlHours: number | undefined, now: number): boolean {
    const decoded = decodeWirePayload(testMessage(1, { ttlHours, timestampHours: SENT / HOUR_S }).payload);
    if (!decoded.ok || decoded.value.kind !== "message") throw new Error("it is a message");
    return isComparable(decoded.value.outer, now);
}

it("messages are evened out only while their sender's own time lasts, or they would live for ever", () => {
    expect(comparable(10, SENT + 10 * HOUR_S - 1)).toBe(true);
    expect(comparable(10, SENT + 10 * HOUR_S)).toBe(false);
    expect(comparable(undefined, SENT + 168 * HOUR_S - 1)).toBe(true);
    expect(comparable(undefined, SENT + 168 * HOUR_S)).toBe(false);
    expect(comparable(10, SENT - 24 * HOUR_S)).toBe(true);
    expect(comparable(10, SENT - 24 * HOUR_S - 1)).toBe(false);
});
