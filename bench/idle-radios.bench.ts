import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Air } from "../hw/air/air.ts";
import { makeE22Emulator } from "../hw/ebyte/emulator.ts";
import { LoraE5Emulator } from "../hw/lora-e5/emulator.ts";
import { openPty } from "../hw/port/pty.ts";
import { Rak3172Emulator } from "../hw/rak3172/emulator.ts";
import { RnodeEmulator } from "../hw/rnode/emulator.ts";
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
    title: "five idle radios on PTYs: CPU time of the drivers, plugged in and pulled out",
    async run(report) {
        const air = new Air({ clock: systemClock, seed: 1 });
        const options = { air, clock: systemClock };
        const emulators = {
            rylr998: new Rylr998Emulator(options),
            rak3172: new Rak3172Emulator(options),
            loraE5: new LoraE5Emulator(options),
            rnode: new RnodeEmulator(options),
            e22: makeE22Emulator(options),
        };
        const paths: Record<string, string> = {};
        for (const [name, emulator] of Object.entries(emulators)) {
            const pty = await openPty();
            paths[name] = pty.path;
            await emulator.plug(pty.port);
        }
        const unplug = () => Promise.all(Object.values(emulators).map((emulator) => emulator.unplug()));
        // In a process of its own, so that the emulators' work is not counted.
        const child = fork(join(import.meta.dirname, "idle/radios-child.ts"));
        try {
            child.send({ ...paths } as unknown as IdleTask);
            await untilUp(child);
            report(percent("idle.five_radios", await cpuPercent(child, IDLE_MS)));
            await unplug();
            report(percent("idle.five_unplugged", await cpuPercent(child, UNPLUGGED_MS)));
        } finally {
            child.kill("SIGKILL");
            await unplug();
        }
    },
};

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
