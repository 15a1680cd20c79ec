import { spawn } from "node:child_process";
import { afterEach, describe, expect, it } from "vitest";
import type { GpioLine } from "../../../hw/gpio/gpio.ts";
import { hasGpiodTools, openGpiodLine } from "../../../hw/gpio/gpiod.ts";
import { chipsIn, edgeIn, holderIn, versionIn } from "../../../hw/gpio/gpiod-text.ts";
import { type FakeTools, fakeTools } from "./fake-tools.ts";

/** Each step starts real processes, on a busy machine some hundred milliseconds each. */
const TIMEOUT_MS = 20_000;

let tools: FakeTools | undefined;
const lines: GpioLine[] = [];
afterEach(async () => {
    await Promise.all(lines.splice(0).map((line) => line.close()));
    tools?.remove();
    tools = undefined;
});

function installed(version: 1 | 2): FakeTools {
    tools = fakeTools(version);
    return tools;
}

async function opened(request: Parameters<typeof openGpiodLine>[0]): Promise<GpioLine> {
    const line = await openGpiodLine(request);
    if (!line.ok) throw new Error(line.error.detail);
    lines.push(line.value);
    return line.value;
}

async function until(done: () => boolean): Promise<void> {
    for (let turn = 0; turn < 500 && !done(); turn++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(done()).toBe(true);
}

describe.each([1, 2] as const)("lines by the tools of libgpiod %d", (version) => {
    it("finds the header by its label, holds the line, changes it and lets it go", {
        timeout: TIMEOUT_MS,
    }, async () => {
        const fake = installed(version);
        expect(await hasGpiodTools()).toBe(true);
        const line = await opened({ line: 22, direction: "out", isHigh: true });
        expect([line.label, line.isHigh]).toEqual(["gpiochip4 line 22", true]);
        expect(fake.holderOf(22)).toBe(version === 1 ? "gpioset" : "hearth");
        expect(await line.set(false)).toEqual({ ok: true, value: undefined });
        expect([line.isHigh, fake.levelOf(22)]).toEqual([false, "0"]);
        expect(fake.holderOf(22)).toBeDefined();
        await line.close();
        expect(fake.holderOf(22)).toBeUndefined();
        expect(fake.log()).toEqual(["22=1", "22=0"]);
        expect(await line.set(true)).toMatchObject({ ok: false });
    });

    it("follows an input", { timeout: TIMEOUT_MS }, async () => {
        const fake = installed(version);
        fake.setLevel(17, 1);
        const line = await opened({ line: 17, direction: "in", chip: "pinctrl-rp1" });
        expect(line.isHigh).toBe(true);
        const seen: boolean[] = [];
        const end = line.watch((isHigh) => seen.push(isHigh));
        fake.edge(17, 0);
        await until(() => seen.length === 1);
        fake.edge(17, 1);
        await until(() => seen.length === 2);
        end();
        fake.edge(17, 0);
        await until(() => !line.isHigh);
        expect(seen).toEqual([false, true]);
        expect(await line.set(true)).toMatchObject({ ok: false });
    });

    it("tells who holds a line, what right is missing, and what is not there", { timeout: TIMEOUT_MS }, async () => {
        const fake = installed(version);
        fake.takeAway(27, "fancontrol");
        for (const direction of ["in", "out"] as const) {
            expect(await openGpiodLine({ line: 27, direction, isHigh: true })).toMatchObject({
                ok: false,
                error: { kind: "taken", detail: expect.stringContaining('gpiochip4 line 27 is held by "fancontrol"') },
            });
        }
        expect(await openGpiodLine({ line: 60, direction: "out", isHigh: true })).toMatchObject({
            ok: false,
            error: { kind: "absent" },
        });
        expect(await openGpiodLine({ chip: "gpiochip9", line: 4, direction: "in" })).toMatchObject({
            ok: false,
            error: { kind: "absent", detail: expect.stringContaining("gpiochip4 (pinctrl-rp1)") },
        });
        fake.forbid();
        expect(await openGpiodLine({ line: 4, direction: "in" })).toMatchObject({
            ok: false,
            error: { kind: "forbidden", detail: expect.stringContaining('group "gpio"') },
        });
    });

    it("lets the line go when its process is killed", { timeout: TIMEOUT_MS }, async () => {
        const fake = installed(version);
        const child = spawn(process.execPath, ["--experimental-strip-types", "--no-warnings", holderChild], {
            stdio: "ignore",
        });
        await until(() => fake.holderOf(4) !== undefined);
        child.kill("SIGKILL");
        await until(() => fake.holderOf(4) === undefined);
    });
});

const holderChild = new URL("holder-child.ts", import.meta.url).pathname;

describe("the words of the tools", () => {
    it("are read in both dialects", () => {
        expect(versionIn("gpioset (libgpiod) v1.6.3\nCopyright")).toBe(1);
        expect(versionIn("gpioset (libgpiod) v2.2.1")).toBe(2);
        expect(versionIn("gpioset 3")).toBeUndefined();
        expect(chipsIn("gpiochip0 [pinctrl-bcm2711] (58 lines)\nnonsense\ngpiochip1 [a [b]] (1 line)\n")).toEqual([
            { name: "gpiochip0", label: "pinctrl-bcm2711" },
            { name: "gpiochip1", label: "a [b]" },
        ]);
        const old =
            '\tline   2:      unnamed   unused input active-high\n\tline  22: "A B" "spi0 CS0" output active-low [used]';
        expect([holderIn(old, 2), holderIn(old, 22), holderIn(old, 3)]).toEqual([undefined, "spi0", undefined]);
        const now = '\tline   2:\tunnamed\tinput\n\tline  22:\t"A"\toutput active-low consumer="spi0 CS0"';
        expect([holderIn(now, 2), holderIn(now, 22)]).toEqual([undefined, "spi0 CS0"]);
        expect(["1", "rising", "0\r", "falling", "2"].map(edgeIn)).toEqual([true, true, false, false, undefined]);
    });
});
