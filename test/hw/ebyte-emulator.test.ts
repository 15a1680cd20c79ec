import { beforeEach, describe, expect, it } from "vitest";
import { Air, type Transmission } from "../../hw/air/air.ts";
import { type EbyteEmulatorOptions, makeE22Emulator, makeE220Emulator } from "../../hw/ebyte/emulator.ts";
import { FakeGpio } from "../../hw/gpio/fake.ts";
import type { BytePort } from "../../hw/port/byte-port.ts";
import { memoryPortPair } from "../../hw/port/memory-port.ts";
import { AUX, M0, M1 } from "../support/ebyte-rig.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

let clock: VirtualClock;
let air: Air;
beforeEach(() => {
    clock = new VirtualClock();
    air = new Air({ clock, seed: 1 });
});

const MAKERS = { E22: makeE22Emulator, E220: makeE220Emulator } as const;

/** A person with wires and a terminal program that shows bytes. */
class Bench {
    readonly gpio = new FakeGpio(clock);
    readonly heard: number[] = [];
    readonly emulator;
    #port: BytePort | undefined;

    constructor(kind: "E22" | "E220", options: Partial<EbyteEmulatorOptions> = {}) {
        const pins = { m0: this.gpio.pin(M0), m1: this.gpio.pin(M1), aux: this.gpio.pin(AUX) };
        this.emulator = MAKERS[kind]({ air, clock, pins, ...options });
    }

    async connect(baudRate = 9600): Promise<this> {
        await this.#port?.close();
        const { a, b } = memoryPortPair();
        this.#port = a;
        await a.open({ onBytes: (chunk) => void this.heard.push(...chunk), onClose: () => undefined });
        this.emulator.hostSpeed(baudRate);
        await this.emulator.plug(b);
        await clock.advance(300);
        return this;
    }

    async modes(m0: boolean, m1: boolean): Promise<void> {
        this.gpio.pin(M0).drive(m0);
        this.gpio.pin(M1).drive(m1);
        await clock.advance(50);
    }

    async type(text: string, waitMs = 300): Promise<string> {
        this.heard.length = 0;
        await this.write(Uint8Array.from(text.split(" "), (pair) => Number.parseInt(pair, 16)));
        await clock.advance(waitMs);
        return this.heard.map((byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join(" ");
    }

    async write(bytes: Uint8Array): Promise<void> {
        await this.#port?.write(bytes);
    }

    get isAuxHigh(): boolean {
        return this.gpio.pin(AUX).isHigh;
    }
}

async function configuring(kind: "E22" | "E220", options: Partial<EbyteEmulatorOptions> = {}): Promise<Bench> {
    const bench = await new Bench(kind, options).connect();
    await bench.modes(kind === "E220", true);
    return bench;
}

function sizesOnAir(): number[] {
    const sizes: number[] = [];
    air.onTransmission(({ bytes }: Transmission) => void sizes.push(bytes.length));
    return sizes;
}

describe("the emulated E22", () => {
    it.each([
        ["C1 00 07", "C1 00 07 00 00 00 62 00 12 03"],
        ["C0 05 01 09", "C1 05 01 09"],
        ["C0 00 04 12 34 00 61", "C1 00 04 12 34 00 61"],
        ["C2 07 02 AB CD", "C1 07 02 AB CD"],
        ["C1 07 02", "C1 07 02 00 00"],
        ["C1 80 07", "C1 80 07 00 22 10 16 0B 00 00"],
        ["C2 05 01 51", "FF FF FF"],
        ["C2 08 02 00 00", "FF FF FF"],
        ["C2 05 02 09", "FF FF FF"],
        ["C1 00", "FF FF FF"],
        ["C3 00 01 00", "FF FF FF"],
        ["41 54 0D 0A", "FF FF FF"],
    ])("answers %s with %s", async (command, answer) => {
        expect(await (await configuring("E22")).type(command)).toBe(answer);
    });

    it("is configured with M1 high alone; with both high it sleeps and says nothing", async () => {
        const bench = await new Bench("E22").connect();
        await bench.modes(true, true);
        expect([bench.emulator.mode, await bench.type("C1 00 07")]).toEqual(["deaf", ""]);
    });

    it("forgets what C2 wrote and keeps what C0 wrote", async () => {
        const bench = await configuring("E22");
        await bench.type("C2 05 01 20");
        expect(bench.emulator.settings.frequencyHz).toBe(882_125_000);
        bench.emulator.restart();
        await clock.advance(300);
        expect(bench.emulator.settings.frequencyHz).toBe(868_125_000);
        await bench.type("C0 05 01 20");
        bench.emulator.restart();
        await clock.advance(300);
        expect(bench.emulator.settings.frequencyHz).toBe(882_125_000);
    });

    it("adds one byte for the strength, and answers about the noise, when it is told to", async () => {
        const [one, two] = [await configuring("E22"), await configuring("E22")];
        await two.type("C2 04 03 20 12 83");
        await one.modes(false, false);
        await two.modes(false, false);
        await one.write(Uint8Array.of(1, 2, 3));
        two.heard.length = 0;
        await clock.advance(1_000);
        expect([two.heard.length, two.heard.slice(0, 3)]).toEqual([4, [1, 2, 3]]);
        const rssi = (two.heard[3] ?? 0).toString(16).toUpperCase();
        expect(await two.type("C0 C1 C2 C3 00 02")).toBe(`C1 00 02 92 ${rssi}`);
        const sizes = sizesOnAir();
        expect(await one.type("C0 C1 C2 C3 00 02", 2_000)).toBe("");
        expect(sizes).toEqual([11]);
    });

    it("cuts what it is given into sub-packets, at their size and at pauses of three bytes", async () => {
        const bench = await configuring("E22");
        await bench.type("C2 03 02 67 C0");
        await bench.modes(false, false);
        const sizes = sizesOnAir();
        await bench.write(new Uint8Array(70));
        await clock.advance(1_000);
        expect(sizes).toEqual([37, 37, 11]);
        await bench.write(new Uint8Array(5));
        // Two bytes later the line is still within the pause that ends a packet.
        await clock.advance(5 * 1.0417 + 2);
        await bench.write(new Uint8Array(5));
        await clock.advance(1_000);
        expect(sizes.slice(3)).toEqual([15]);
        await bench.write(new Uint8Array(5));
        await clock.advance(5 * 1.0417 + 4);
        await bench.write(new Uint8Array(5));
        await clock.advance(1_000);
        expect(sizes.slice(4)).toEqual([10, 10]);
    });

    it("takes only as much as its buffer holds", async () => {
        const bench = await configuring("E22");
        await bench.type("C2 03 01 E0");
        await bench.modes(false, false);
        await bench.connect(115_200);
        const sizes = sizesOnAir();
        await bench.write(new Uint8Array(3_000));
        await clock.advance(600_000);
        expect(sizes.reduce((sum, size) => sum + size - 5, 0)).toBeLessThanOrEqual(1_240);
    });

    it("holds AUX low from the first byte until the radio has the last packet, not until that has left", async () => {
        const bench = await new Bench("E22").connect();
        expect(bench.isAuxHigh).toBe(true);
        await bench.write(new Uint8Array(100));
        await clock.advance(1);
        expect(bench.isAuxHigh).toBe(false);
        await clock.advance(120);
        expect(bench.isAuxHigh).toBe(true);
        expect(air.statistics.transmissions).toBe(1);
        await bench.modes(false, true);
        expect(bench.emulator.mode).toBe("normal");
        await clock.advance(3_000);
        expect(bench.emulator.mode).toBe("configuring");
    });

    it("sends to one destination on another channel in fixed mode", async () => {
        const [one, two, other] = [await configuring("E22"), await configuring("E22"), await configuring("E22")];
        await one.type("C2 06 01 43");
        await two.type("C2 00 06 00 07 00 62 00 20");
        await other.type("C2 00 06 00 08 00 62 00 20");
        for (const bench of [one, two, other]) await bench.modes(false, false);
        two.heard.length = 0;
        other.heard.length = 0;
        await one.write(Uint8Array.of(0, 7, 0x20, 1, 2, 3));
        await clock.advance(2_000);
        expect([two.heard, other.heard]).toEqual([[1, 2, 3], []]);
    });

    it("understands only its own speed", async () => {
        const bench = await configuring("E22");
        await bench.connect(115_200);
        expect(await bench.type("C1 00 07")).not.toBe("C1 00 07 00 00 00 62 00 12 03");
    });

    it("is as slow as its UART", async () => {
        const bench = await configuring("E22");
        expect(await bench.type("C1 00 07", 15)).toBe("");
        await clock.advance(10);
        expect(bench.heard.length).toBe(10);
    });
});

describe("the emulated E220", () => {
    it.each([
        ["C1 00 06", "C1 00 06 00 00 62 00 12 03"],
        ["C2 00 08 00 01 62 20 17 83 00 00", "C1 00 08 00 01 62 20 17 83 00 00"],
        ["C1 08 03", "C1 08 03 00 20 16"],
        ["C2 07 02 00 00", "FF FF FF"],
    ])("answers %s with %s", async (command, answer) => {
        expect(await (await configuring("E220")).type(command)).toBe(answer);
    });

    it("is configured with both high; M1 alone makes it deaf", async () => {
        const bench = await new Bench("E220").connect();
        await bench.modes(false, true);
        expect([bench.emulator.mode, await bench.type("C1 00 06")]).toEqual(["deaf", ""]);
    });
});
