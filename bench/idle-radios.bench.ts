import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Air } from "../hw/air/air.ts";
import { LoraE5Emulator } from "../hw/lora-e5/emulator.ts";
import { openPty, type Pty } from "../hw/port/pty.ts";
import { Rak3172Emulator } from "../hw/rak3172/emulator.ts";
import { Rylr998Emulator } from "../hw/rylr998/emulator.ts";
import { systemClock } from "../src/app/clock.ts";
import type { Bench, Figure } from "./figure.ts";
import type { IdleNews, IdleTask } from "./idle/radios-child.ts";

const IDLE_MS = 60_000;
const UNPLUGGED_MS = 10_000;
const UP_MS_MAX = 30_000;
const PERCENT_AIM = 1;
/** Of the kernel, for /proc/PID/stat. */
const TICK_MS = 10;

export const bench: Bench = {
    title: "three idle radios on PTYs: CPU time of the drivers, plugged in and pulled out",
    async run(report) {
        const air = new Air({ clock: systemClock, seed: 1 });
        const options = { air, clock: systemClock };
        const emulators = [
            new Rylr998Emulator(options),
            new Rak3172Emulator(options),
            new LoraE5Emulator(options),
        ] as const;
        const ptys = [await openPty(), await openPty(), await openPty()] as const;
        await Promise.all(emulators.map((emulator, index) => emulator.plug(portOf(ptys, index))));
        // In a process of its own, so that the emulators' work is not counted.
        const child = fork(join(import.meta.dirname, "idle/radios-child.ts"));
        try {
            const [rylr998, rak3172, loraE5] = ptys.map(({ path }) => path);
            child.send({ rylr998, rak3172, loraE5 } as IdleTask);
            await untilUp(child);
            report(percent("idle.three_radios", await cpuPercent(child, IDLE_MS)));
            await Promise.all(emulators.map((emulator) => emulator.unplug()));
            report(percent("idle.three_unplugged", await cpuPercent(child, UNPLUGGED_MS)));
        } finally {
            child.kill("SIGKILL");
            await Promise.all(emulators.map((emulator) => emulator.unplug()));
        }
    },
};

function portOf(ptys: readonly Pty[], index: number): Pty["port"] {
    const pty = ptys[index];
    if (!pty) throw new RangeError(`no PTY ${index}`);
    return pty.port;
}

async function untilUp(child: ChildProcess): Promise<void> {
    const news = once(child, "message", { signal: AbortSignal.timeout(UP_MS_MAX) });
    const [said] = (await news) as [IdleNews];
    if (said.kind !== "up") throw new Error(said.detail);
}

async function cpuPercent(child: ChildProcess, ms: number): Promise<number> {
    const before = cpuMs(child);
    await sleep(ms);
    return ((cpuMs(child) - before) / ms) * 100;
}

/** User and system time so far: fields 14 and 15 of proc(5), counted behind the name in brackets. */
function cpuMs({ pid }: ChildProcess): number {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

function percent(name: string, value: number): Figure {
    return { name, value, unit: "% of a core", target: PERCENT_AIM, better: "lower" };
}
