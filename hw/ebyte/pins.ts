import { err, ok, type Result } from "../../src/base/result.ts";
import type { Millis } from "../../src/base/time.ts";
import type { GpioError, GpioLine, LineRef, OpenLine } from "../gpio/gpio.ts";
import type { ModemError } from "../modem.ts";
import type { EbyteKind } from "./kind.ts";
import type { Session } from "./session.ts";

/** What of the module is wired to lines of the board. M0 and M1 come together or not at all. */
export interface EbyteWires {
    readonly openLine: OpenLine;
    readonly mode?: { readonly m0: LineRef; readonly m1: LineRef };
    readonly aux?: LineRef;
}

interface ModeLines {
    readonly m0: GpioLine;
    readonly m1: GpioLine;
}

/** Before this the module may not even have noticed that M0 and M1 changed. */
const NOTICE_MS = 20;
/** A module works in its new mode so long after AUX went high (2 ms in the manual). */
const AFTER_AUX_MS = 5;
/** Without AUX; the manual's own examples wait 100 to 200 ms. */
const BLIND_SETTLE_MS = 200;
/** Without AUX: a module that just got its power is ready by then. */
const BLIND_START_MS = 500;
/** Start-up and everything that is still to be sent are over by then; a line that is low longer is stuck. */
export const AUX_LOW_MS_MAX = 10_000;

/** The lines of one module while it is used. */
export class Pins {
    readonly #kind: EbyteKind;
    readonly #mode: ModeLines | undefined;
    readonly #aux: GpioLine | undefined;

    private constructor(kind: EbyteKind, mode: ModeLines | undefined, aux: GpioLine | undefined) {
        this.#kind = kind;
        this.#mode = mode;
        this.#aux = aux;
    }

    /** Takes all lines or none. */
    static async open(kind: EbyteKind, wires: EbyteWires | undefined): Promise<Result<Pins, ModemError>> {
        if (!wires) return ok(new Pins(kind, undefined, undefined));
        const opened: GpioLine[] = [];
        const { m0, m1 } = kind.configuring;
        const requests = [
            ...(wires.mode ? [{ ...wires.mode.m0, direction: "out" as const, isHigh: m0 }] : []),
            ...(wires.mode ? [{ ...wires.mode.m1, direction: "out" as const, isHigh: m1 }] : []),
            ...(wires.aux ? [{ ...wires.aux, direction: "in" as const }] : []),
        ];
        for (const request of requests) {
            const line = await wires.openLine(request);
            if (line.ok) opened.push(line.value);
            else {
                await closeAll(opened);
                return err(gpioTrouble(line.error));
            }
        }
        const [first, second] = opened;
        const mode = wires.mode && first && second ? { m0: first, m1: second } : undefined;
        return ok(new Pins(kind, mode, wires.aux ? opened.at(-1) : undefined));
    }

    get canConfigure(): boolean {
        return this.#mode !== undefined;
    }

    get hasAux(): boolean {
        return this.#aux !== undefined;
    }

    /** True when AUX is not wired: nothing speaks against it. */
    get isIdle(): boolean {
        return this.#aux?.isHigh ?? true;
    }

    onAux(listener: (isHigh: boolean) => void): () => void {
        return this.#aux?.watch(listener) ?? (() => undefined);
    }

    /** Switches and waits until the module follows. */
    async enter(mode: "normal" | "configuring", session: Session): Promise<Result<void, ModemError>> {
        if (!this.#mode) return ok(undefined);
        const { m0, m1 } = mode === "normal" ? { m0: false, m1: false } : this.#kind.configuring;
        for (const [line, isHigh] of [
            [this.#mode.m0, m0],
            [this.#mode.m1, m1],
        ] as const) {
            const set = await line.set(isHigh);
            if (!set.ok) return err(gpioTrouble(set.error));
        }
        return this.#settle(session, BLIND_SETTLE_MS);
    }

    /** The module may have got its power this moment. */
    awaitStart(session: Session): Promise<Result<void, ModemError>> {
        return this.#settle(session, BLIND_START_MS);
    }

    /** Waits until the module is ready for more, by AUX or by the clock. */
    async #settle(session: Session, blindMs: Millis): Promise<Result<void, ModemError>> {
        if (!this.#aux) {
            await session.sleep(blindMs);
            return session.ended ? err(session.ended) : ok(undefined);
        }
        await session.sleep(NOTICE_MS);
        const idle = await this.untilIdle(session, AUX_LOW_MS_MAX);
        if (!idle.ok) return idle;
        await session.sleep(AFTER_AUX_MS);
        return session.ended ? err(session.ended) : ok(undefined);
    }

    async untilIdle(session: Session, withinMs: Millis): Promise<Result<void, ModemError>> {
        if (await session.until(() => this.isIdle, withinMs)) return ok(undefined);
        return err(session.ended ?? { kind: "silent", detail: this.stuck(withinMs) });
    }

    /** For people. */
    stuck(ms: Millis): string {
        const label = this.#aux?.label ?? "not wired";
        return `AUX (${label}) stayed low for ${ms / 1000} s: the module hangs, has no power, or AUX is wired wrongly`;
    }

    async close(): Promise<void> {
        await closeAll([this.#mode?.m0, this.#mode?.m1, this.#aux].filter((line) => line !== undefined));
    }
}

async function closeAll(lines: readonly GpioLine[]): Promise<void> {
    await Promise.all(lines.map((line) => line.close()));
}

/** A line that is missing is to the driver what a missing port is. */
function gpioTrouble({ kind, detail }: GpioError): ModemError {
    return { kind: kind === "absent" ? "unplugged" : "refused", detail };
}
