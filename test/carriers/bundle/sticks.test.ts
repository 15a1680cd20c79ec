import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { blake3 } from "@noble/hashes/blake3.js";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { BundleItem } from "../../../src/carriers/bundle/plan.ts";
import { makeStickCarrier } from "../../../src/carriers/bundle/sticks.ts";
import type { Carrier } from "../../../src/carriers/carrier.ts";
import { decodeBundleFile, encodeBundleFile } from "../../../src/wire/bundle-file.ts";
import { testMessage } from "../../support/envelopes.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const OWN = "here-00000000.ember";
/** Real files take real time, while the virtual clock stands still. */
const TURNS_MAX = 1_500;

let root: string;
let stick: string;
let mounted: string[];
let held: number[];
let arrived: string[];
let notices: string[];
let clock: VirtualClock;
let carrier: Carrier;

beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), "hearth-sticks-"));
    stick = join(root, "usb0");
    mkdirSync(join(stick, "hearth"), { recursive: true });
    [mounted, held, arrived, notices] = [[], [], [], []];
    clock = new VirtualClock();
    carrier = makeStickCarrier({
        root,
        fileName: OWN,
        mountPoints: () => mounted,
        openDepot: () => ({
            items: ({ kind }) => (kind === "message" ? held.map(item) : []),
            payload: ({ row }) => testMessage(row).payload,
            close: () => undefined,
        }),
        clock,
        wall: () => clock.now().wall,
        onNotice: (text) => notices.push(text),
    });
    await carrier.start({
        onPayload: async (payload) => {
            arrived.push(hex(payload));
            return { kind: "stored" };
        },
        onState: () => undefined,
    });
});

afterEach(async () => {
    await carrier.stop();
    rmSync(root, { recursive: true });
});

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const hash = (bytes: Uint8Array): Uint8Array => blake3(bytes);

function item(row: number): BundleItem {
    const { messageId, payload } = testMessage(row);
    const times = { receivedAt: row, expiresAt: Number.MAX_SAFE_INTEGER };
    return { kind: "message", row, messageId: hex(messageId), size: payload.length, ...times, waiting: true };
}

function put(name: string, ...numbers: readonly number[]): void {
    const frames = numbers.map((number) => testMessage(number).payload);
    writeFileSync(join(stick, "hearth", name), encodeBundleFile(frames, hash));
}

function left(): readonly string[] {
    const frames = decodeBundleFile(readFileSync(join(stick, "hearth", OWN)), hash);
    return frames.ok ? frames.value.map(hex) : [];
}

const payloads = (...numbers: readonly number[]) => numbers.map((number) => hex(testMessage(number).payload));

/** Lets the watch look, and waits until it has said so often that it left something or nothing. */
async function look(visits: number): Promise<void> {
    const ends = () => notices.filter((text) => /lacks nothing|left \d|: E[A-Z]+/.test(text)).length;
    for (let turn = 0; turn < TURNS_MAX && ends() < visits; turn++) {
        await clock.advance(5_000);
        await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(ends()).toBe(visits);
}

/** Long enough for several looks. */
async function rest(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) {
        await clock.advance(5_000);
        await new Promise((resolve) => setTimeout(resolve, 2));
    }
}

it("takes what others left, leaves what the stick lacks, and is done with that content", async () => {
    put("far.ember", 1, 2);
    held = [2, 3, 4];
    mounted = [stick];
    await look(1);
    expect(arrived).toEqual(payloads(1, 2));
    expect(left()).toEqual(payloads(3, 4));
    await rest();
    mounted = [];
    await rest();
    mounted = [stick];
    await look(2);
    expect(notices.at(-1)).toContain("lacks nothing");
    expect(readdirSync(join(stick, "hearth")).sort()).toEqual(["far.ember", OWN]);
});

it("looks again when something new lies there, and takes its own file away when nothing is lacking", async () => {
    held = [1];
    mounted = [stick];
    await look(1);
    expect(left()).toEqual(payloads(1));
    put("far.ember", 1, 5);
    await look(2);
    expect(arrived).toEqual(payloads(1, 5));
    expect(readdirSync(join(stick, "hearth"))).toEqual(["far.ember"]);
});

it("leaves damaged files, links and other folders alone", async () => {
    writeFileSync(join(stick, "hearth", "bad.ember"), "EMBR");
    mkdirSync(join(root, "outside"));
    const foreign = join(root, "usb1");
    mkdirSync(foreign);
    symlinkSync(join(root, "outside"), join(foreign, "hearth"));
    held = [1];
    mounted = ["/", "/proc", foreign, stick];
    await look(1);
    expect(notices.join("\n")).toContain("bad.ember: failed to fill whole buffer, left alone");
    expect(readdirSync(join(root, "outside"))).toEqual([]);
    expect(left()).toEqual(payloads(1));
});
