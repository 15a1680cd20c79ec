import type { Clock, UnixSeconds } from "../../base/time.ts";
import type { Carrier, CarrierHandlers, SendOutcome } from "../carrier.ts";
import { isStick, namesOnStick, type Stick, type StickDepot, visitStick } from "./stick-visit.ts";
import { BUNDLE_TRAITS } from "./traits.ts";

/** How often the mount points are looked at, in milliseconds. */
const LOOK_MS = 5_000;
/** Mount points that are watched at most; a machine has fewer ports. */
const STICKS_MAX = 32;

export interface StickOptions {
    /** Mount points below this folder count. */
    readonly root: string;
    /** This gateway's file on every stick, e.g. "hill-1f2e3d4c.ember". */
    readonly fileName: string;
    /** Where something is mounted now. */
    readonly mountPoints: () => readonly string[];
    readonly openDepot: () => StickDepot;
    readonly clock: Clock;
    readonly wall: () => UnixSeconds;
    readonly onNotice: (text: string) => void;
}

/**
 * Exchanges messages with every stick that is plugged in and has a `hearth` folder: imports what others wrote there and
 * leaves what the stick lacks. A stick is visited once for each content; it is never written outside that folder.
 */
export function makeStickCarrier(options: StickOptions): Carrier {
    return new StickWatch(options);
}

class StickWatch implements Carrier {
    readonly id = "stick";
    readonly traits = BUNDLE_TRAITS;
    readonly #options: StickOptions;
    /** What lay on each stick after its visit. */
    readonly #visited = new Map<string, string>();
    #handlers: CarrierHandlers | undefined;
    #cancel: (() => void) | undefined;
    #looking: Promise<void> = Promise.resolve();

    constructor(options: StickOptions) {
        this.#options = options;
    }

    async start(handlers: CarrierHandlers): Promise<void> {
        this.#handlers = handlers;
        handlers.onState({ kind: "up", detail: `watching ${this.#options.root}` });
        this.#lookLater(0);
    }

    async send(): Promise<SendOutcome> {
        return { kind: "failed", detail: "a stick is filled when it is plugged in" };
    }

    async stop(): Promise<void> {
        this.#handlers = undefined;
        this.#cancel?.();
        await this.#looking;
    }

    #lookLater(ms: number): void {
        const { clock } = this.#options;
        this.#cancel = clock.schedule(clock.now().monotonic + ms, () => {
            this.#looking = this.#look().then(() => {
                if (this.#handlers) this.#lookLater(LOOK_MS);
            });
        });
    }

    async #look(): Promise<void> {
        const { root } = this.#options;
        const prefix = root.endsWith("/") ? root : `${root}/`;
        const mounts = this.#options.mountPoints().filter((mount) => mount === root || mount.startsWith(prefix));
        for (const gone of [...this.#visited.keys()].filter((mount) => !mounts.includes(mount))) {
            this.#visited.delete(gone);
        }
        for (const mount of mounts.slice(0, STICKS_MAX)) {
            if (!this.#handlers) return;
            const stick = await isStick(mount);
            if (stick) await this.#visit(stick);
        }
    }

    async #visit(stick: Stick): Promise<void> {
        const { onNotice, fileName, openDepot, wall } = this.#options;
        const handlers = this.#handlers;
        try {
            const before = await namesOnStick(stick);
            if (!handlers || this.#visited.get(stick.mount) === before) return;
            onNotice(`exchanging messages with the stick ${stick.mount}`);
            const said = await visitStick({
                stick,
                fileName,
                openDepot,
                wall,
                onPayload: (payload) => handlers.onPayload(payload),
                isStopped: () => this.#handlers === undefined,
            });
            for (const line of said) onNotice(`stick ${stick.mount}: ${line}`);
            this.#visited.set(stick.mount, await namesOnStick(stick));
        } catch (cause) {
            // Pulled out in the middle, or full, or broken: the same look would fail again at once.
            this.#visited.set(stick.mount, await namesOnStick(stick).catch(() => ""));
            onNotice(`stick ${stick.mount}: ${cause instanceof Error ? cause.message : cause}`);
        }
    }
}
