import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { err, ok, type Result } from "../../src/base/result.ts";
import { chipOf, type GpioError, type GpioLine, type LineRequest, lineTaken, noChip, noRight } from "./gpio.ts";
import { LevelListeners } from "./listeners.ts";

const SYSFS_ROOT = "/sys/class/gpio";

/** Node cannot wait for an edge of a file, so a watched input is looked at this often. */
const LOOK_MS = 10;
/** udev gives a fresh line to the group "gpio" a moment after it was exported. */
const RIGHTS_LOOKS_MAX = 20;
const RIGHTS_LOOK_MS = 50;

interface SysfsChip {
    readonly name: string;
    readonly label: string;
    /** Number of its first line in the whole machine. */
    readonly base: number;
}

/** Lines by the old files of the kernel, for systems that have them and no tools of libgpiod. */
export async function openSysfsLine(request: LineRequest, root = SYSFS_ROOT): Promise<Result<GpioLine, GpioError>> {
    const chips = await chipsBelow(root);
    const chip = chipOf(request, chips);
    if (!chip) return err(noChip(request, chips));
    const number = (chips.find(({ name }) => name === chip.name)?.base ?? 0) + request.line;
    const label = `GPIO ${number} (${chip.label} line ${request.line})`;
    const problem = await exported(root, number, label);
    if (problem) return err(problem);
    const folder = join(root, `gpio${number}`);
    const unexport = () => writeFile(join(root, "unexport"), `${number}`).catch(() => undefined);
    const initial = request.direction === "in" ? "in" : request.isHigh ? "high" : "low";
    const directed = await writeSoon(join(folder, "direction"), initial, label);
    if (directed) {
        await unexport();
        return err(directed);
    }
    const value = join(folder, "value");
    return ok(
        request.direction === "in" ? await input(value, label, unexport) : output(value, label, request, unexport),
    );
}

/** Whether this kernel still has the files. */
export async function hasSysfsGpio(root = SYSFS_ROOT): Promise<boolean> {
    return (await chipsBelow(root)).length > 0;
}

async function chipsBelow(root: string): Promise<readonly SysfsChip[]> {
    const names = await readdir(root).catch(() => []);
    const chips = names.filter((name) => /^gpiochip\d+$/.test(name));
    return Promise.all(
        chips.map(async (name) => {
            const text = (file: string) => readFile(join(root, name, file), "utf8").catch(() => "");
            return { name, label: (await text("label")).trim(), base: Number(await text("base")) };
        }),
    );
}

async function exported(root: string, number: number, label: string): Promise<GpioError | undefined> {
    try {
        await writeFile(join(root, "export"), `${number}`);
        return undefined;
    } catch (cause) {
        return meaningOf(cause, label);
    }
}

async function writeSoon(path: string, text: string, label: string): Promise<GpioError | undefined> {
    for (let look = 1; ; look++) {
        try {
            await writeFile(path, text);
            return undefined;
        } catch (cause) {
            const problem = meaningOf(cause, label);
            if (problem.kind !== "forbidden" || look === RIGHTS_LOOKS_MAX) return problem;
        }
        await new Promise((resolve) => setTimeout(resolve, RIGHTS_LOOK_MS));
    }
}

function output(
    path: string,
    label: string,
    start: { readonly isHigh: boolean },
    unexport: () => Promise<void>,
): GpioLine {
    let level = start.isHigh;
    return {
        label,
        get isHigh() {
            return level;
        },
        set: async (isHigh) => {
            try {
                await writeFile(path, isHigh ? "1" : "0");
                level = isHigh;
                return ok(undefined);
            } catch (cause) {
                return err(meaningOf(cause, label));
            }
        },
        watch: () => () => undefined,
        close: unexport,
    };
}

async function input(path: string, label: string, unexport: () => Promise<void>): Promise<GpioLine> {
    const look = async () => level.update((await readFile(path, "utf8").catch(() => "0")).trim() === "1");
    const level = new LevelListeners(false);
    await look();
    let timer: NodeJS.Timeout | undefined;
    const lookOn = (): void => {
        timer = setTimeout(async () => {
            await look();
            if (timer && level.isWatched) lookOn();
            else timer = undefined;
        }, LOOK_MS);
    };
    return {
        label,
        get isHigh() {
            return level.isHigh;
        },
        set: async () => err({ kind: "failed", detail: `${label} is an input` }),
        watch: (listener) => {
            const end = level.watch(listener);
            if (!timer) lookOn();
            return end;
        },
        close: () => {
            clearTimeout(timer);
            timer = undefined;
            return unexport();
        },
    };
}

function meaningOf(cause: unknown, label: string): GpioError {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "EBUSY") return lineTaken(label, undefined);
    if (code === "EACCES" || code === "EPERM") return noRight(label);
    if (code === "ENOENT" || code === "EINVAL") return { kind: "absent", detail: `${label} is not there` };
    return { kind: "failed", detail: `${label}: ${cause instanceof Error ? cause.message : String(cause)}` };
}
