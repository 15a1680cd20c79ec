import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasSysfsGpio, openSysfsLine } from "../../../hw/gpio/sysfs.ts";

let root: string;
beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "hearth-sysfs-"));
    for (const [name, text] of [
        ["gpiochip512/label", "pinctrl-bcm2711\n"],
        ["gpiochip512/base", "512\n"],
        ["gpio534/direction", "in\n"],
        ["gpio534/value", "1\n"],
    ] as const)
        put(name, text);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(name: string, text: string): void {
    mkdirSync(join(root, name, ".."), { recursive: true });
    writeFileSync(join(root, name), text);
}

function get(name: string): string {
    return existsSync(join(root, name)) ? readFileSync(join(root, name), "utf8") : "";
}

describe("lines by the kernel's old files", () => {
    it("counts from the chip's own base, sets the level with the direction, and gives the line back", async () => {
        expect(await hasSysfsGpio(root)).toBe(true);
        expect(await hasSysfsGpio(join(root, "none"))).toBe(false);
        const line = await openSysfsLine({ line: 22, direction: "out", isHigh: true }, root);
        if (!line.ok) throw new Error(line.error.detail);
        expect([get("export"), get("gpio534/direction"), line.value.isHigh]).toEqual(["534", "high", true]);
        expect(await line.value.set(false)).toMatchObject({ ok: true });
        expect([get("gpio534/value"), line.value.isHigh]).toEqual(["0", false]);
        await line.value.close();
        expect(get("unexport")).toBe("534");
    });

    it("follows an input while somebody watches", async () => {
        const line = await openSysfsLine({ line: 22, direction: "in" }, root);
        if (!line.ok) throw new Error(line.error.detail);
        expect(line.value.isHigh).toBe(true);
        const fell = new Promise<boolean>((resolve) => line.value.watch(resolve));
        put("gpio534/value", "0\n");
        expect(await fell).toBe(false);
        await line.value.close();
    });

    it("tells what is not there", async () => {
        expect(await openSysfsLine({ line: 30, direction: "in" }, root)).toMatchObject({
            ok: false,
            error: { kind: "absent" },
        });
        expect(await openSysfsLine({ chip: "pinctrl-rp1", line: 22, direction: "in" }, root)).toMatchObject({
            ok: false,
            error: { kind: "absent", detail: expect.stringContaining("gpiochip512 (pinctrl-bcm2711)") },
        });
    });
});
