import { afterEach, expect, it } from "vitest";
import { openLine } from "../../../hw/gpio/open-line.ts";
import { fakeTools } from "./fake-tools.ts";

/** Real processes on a machine that may be busy. */
const TIMEOUT_MS = 20_000;

const path = process.env["PATH"];
afterEach(() => {
    process.env["PATH"] = path;
});

it("uses the tools where they are", { timeout: TIMEOUT_MS }, async () => {
    const tools = fakeTools(2);
    const line = await openLine({ line: 22, direction: "out", isHigh: true });
    expect([line.ok, tools.levelOf(22)]).toEqual([true, "1"]);
    if (line.ok) await line.value.close();
    tools.remove();
});

it("says what is missing where there is no such chip and no tool", { timeout: TIMEOUT_MS }, async () => {
    process.env["PATH"] = import.meta.dirname;
    const line = await openLine({ chip: "nowhere", line: 22, direction: "in" });
    expect(line).toMatchObject({ ok: false, error: { kind: "absent" } });
});
