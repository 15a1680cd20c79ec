import { err, ok, type Result } from "../../src/base/result.ts";
import type { Millis } from "../../src/base/time.ts";
import type { ModemError } from "../modem.ts";
import { AUX_LOW_MS_MAX, type Pins } from "./pins.ts";
import type { Session } from "./session.ts";

/** AUX falls with the first byte; this is for a busy board. */
const AUX_FALL_MS_MAX = 1_000;
/** From the last byte on the UART to the first symbol on the air: the pause that ends a packet, and the module's work. */
const START_MS = 20;
/** A module that listens before it talks waits so long at most, then talks anyway. */
export const LISTEN_MS_MAX = 2_000;

export interface Outgoing {
    readonly label: string;
    readonly bytes: Uint8Array;
    /** Time of the bytes on the UART. */
    readonly uartMs: Millis;
    readonly airtimeMs: Millis;
    readonly listensBefore: boolean;
    /** When this has passed, the leave to send is too old by the time the first symbol could leave. */
    readonly startBy: Millis;
}

/**
 * Hands one sub-packet to the module and waits until it has left the antenna. AUX, where it is wired, tells that the
 * module took it and gave it to its radio; the last packet may be on the air still, so its whole airtime is waited for.
 */
export async function transmit(session: Session, pins: Pins, out: Outgoing): Promise<Result<void, ModemError>> {
    const waitMs = out.startBy - session.clock.now().monotonic;
    const isIdle = waitMs > 0 && (await session.until(() => pins.isIdle, waitMs));
    if (!isIdle) return err(session.ended ?? { kind: "busy", detail: `${out.label} is busy with something else` });
    let wasBusy = false;
    const unwatch = pins.onAux((isHigh) => {
        wasBusy ||= !isHigh;
    });
    const began = session.clock.now().monotonic;
    const written = await session.write(out.bytes);
    const taken = written.ok && pins.hasAux ? await takenOver(session, pins, out, () => wasBusy) : written;
    unwatch();
    if (!taken.ok) return taken;
    const now = session.clock.now().monotonic;
    const handedOver = began + out.uartMs + START_MS;
    const latestStart = out.listensBefore ? (pins.hasAux ? now : handedOver + LISTEN_MS_MAX) : handedOver;
    await session.sleep(Math.max(latestStart + out.airtimeMs - now, 0));
    return session.ended ? err(session.ended) : ok(undefined);
}

async function takenOver(
    session: Session,
    pins: Pins,
    out: Outgoing,
    wasBusy: () => boolean,
): Promise<Result<void, ModemError>> {
    if (!(await session.until(wasBusy, out.uartMs + AUX_FALL_MS_MAX))) {
        const detail = `${out.label} did not take a frame: AUX stayed high`;
        return err(session.ended ?? { kind: "silent", detail });
    }
    return pins.untilIdle(session, out.uartMs + out.airtimeMs + AUX_LOW_MS_MAX);
}
