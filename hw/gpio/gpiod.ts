import { execFile } from "node:child_process";
import { err, ok, type Result } from "../../src/base/result.ts";
import { chipOf, type GpioError, type GpioLine, type LineRequest, lineTaken, noChip, noRight } from "./gpio.ts";
import {
    chipsIn,
    edgeIn,
    type GpiodVersion,
    getCommand,
    holdCommand,
    holderIn,
    infoCommand,
    versionIn,
    watchCommand,
} from "./gpiod-text.ts";
import { HolderProcess } from "./holder-process.ts";
import { LevelListeners } from "./listeners.ts";

/** One look takes some milliseconds, on a small board some dozen; a tool that hangs is given up. */
const TOOL_MS_MAX = 3_000;
/** How often it is looked whether the line is held, and how long in all. */
const LOOK_MS = 20;
const LOOKS_MAX = 100;

interface Place {
    readonly chip: string;
    readonly line: number;
    readonly label: string;
    readonly version: GpiodVersion;
}

/** Lines by libgpiod's command line tools (package "gpiod"), version 1 or 2, over the kernel's character device. */
export async function openGpiodLine(request: LineRequest): Promise<Result<GpioLine, GpioError>> {
    const place = await placeOf(request);
    if (!place.ok) return place;
    return request.direction === "out" ? openOutput(place.value, request.isHigh) : openInput(place.value);
}

/** Whether the tools are installed. */
export async function hasGpiodTools(): Promise<boolean> {
    const said = await run(["gpiodetect", "--version"]);
    return said.ok && versionIn(said.value) !== undefined;
}

async function placeOf(request: LineRequest): Promise<Result<Place, GpioError>> {
    const said = await run(["gpiodetect", "--version"]);
    const version = said.ok ? versionIn(said.value) : undefined;
    if (version === undefined) {
        const detail = said.ok ? `gpiodetect is not of libgpiod: ${said.value.trim()}` : said.error;
        return err({ kind: "failed", detail: `libgpiod's tools do not run (${detail}): install the package "gpiod"` });
    }
    const list = await run(["gpiodetect"]);
    if (!list.ok) return err(meaningOf(list.error, "GPIO"));
    const chips = chipsIn(list.value);
    const chip = chipOf(request, chips);
    if (!chip) return err(noChip(request, chips));
    return ok({ chip: chip.name, line: request.line, label: `${chip.name} line ${request.line}`, version });
}

async function openOutput(place: Place, isHigh: boolean): Promise<Result<GpioLine, GpioError>> {
    const first = await hold(place, isHigh);
    if (!first.ok) return first;
    let held = first.value;
    let level = isHigh;
    let isOpen = true;
    return ok({
        label: place.label,
        get isHigh() {
            return level;
        },
        set: async (wanted) => {
            if (!isOpen) return err({ kind: "failed", detail: `${place.label} is closed` });
            if (wanted === level && !held.hasEnded) return ok(undefined);
            // The tools cannot change a level that they hold: the line is let go for a moment.
            await held.close();
            const next = await hold(place, wanted);
            if (!next.ok) return next;
            held = next.value;
            level = wanted;
            return ok(undefined);
        },
        watch: () => () => undefined,
        close: async () => {
            isOpen = false;
            await held.close();
        },
    });
}

async function openInput(place: Place): Promise<Result<GpioLine, GpioError>> {
    const now = await run(getCommand(place.version, place));
    if (!now.ok) return err(await refused(place, now.error));
    const level = new LevelListeners(now.value.trim() === "1");
    const watcher = new HolderProcess(watchCommand(place.version, place), (text) => {
        const isHigh = edgeIn(text);
        if (isHigh !== undefined) level.update(isHigh);
    });
    const problem = await untilHeld(place, watcher);
    if (problem) return err(problem);
    return ok({
        label: place.label,
        get isHigh() {
            return level.isHigh;
        },
        set: async () => err({ kind: "failed", detail: `${place.label} is an input` }),
        watch: (listener) => level.watch(listener),
        close: () => watcher.close(),
    });
}

async function hold(place: Place, isHigh: boolean): Promise<Result<HolderProcess, GpioError>> {
    // Somebody else must not be taken for our own tool, which needs a moment to start and to fail.
    const before = await holderOf(place);
    if (before !== undefined) return err(lineTaken(place.label, before));
    const holder = new HolderProcess(holdCommand(place.version, place, isHigh));
    const problem = await untilHeld(place, holder);
    return problem ? err(problem) : ok(holder);
}

/** The tools say nothing when they succeed, so the kernel is asked. */
async function untilHeld(place: Place, holder: HolderProcess): Promise<GpioError | undefined> {
    for (let look = 0; look < LOOKS_MAX; look++) {
        if (holder.hasEnded) return refused(place, holder.complaint);
        if ((await holderOf(place)) !== undefined && !holder.hasEnded) return undefined;
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    await holder.close();
    return { kind: "failed", detail: `${place.label} was not taken within ${(LOOK_MS * LOOKS_MAX) / 1000} s` };
}

async function holderOf(place: Place): Promise<string | undefined> {
    const info = await run(infoCommand(place.version, place.chip));
    return info.ok ? holderIn(info.value, place.line) : undefined;
}

async function refused(place: Place, complaint: string): Promise<GpioError> {
    if (!/busy/i.test(complaint)) return meaningOf(complaint, place.label);
    return lineTaken(place.label, await holderOf(place));
}

function meaningOf(complaint: string, label: string): GpioError {
    if (/permission denied|not permitted/i.test(complaint)) return noRight(label);
    if (/no such (?:file|device)|not found|invalid argument|offset .*out of range/i.test(complaint)) {
        return { kind: "absent", detail: `${label} is not there: ${complaint}` };
    }
    return { kind: "failed", detail: `${label}: ${complaint || "the tool ended without a word"}` };
}

/** What a tool prints, or what it complains. */
function run(command: readonly string[]): Promise<Result<string, string>> {
    const [tool = "", ...args] = command;
    return new Promise((resolve) => {
        execFile(tool, args, { timeout: TOOL_MS_MAX, encoding: "utf8" }, (cause, text, complaint) => {
            if (!cause) resolve(ok(text));
            else resolve(err(complaint.trim() || cause.message));
        });
    });
}
