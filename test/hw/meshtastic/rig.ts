import { expect } from "vitest";
import { EmulatedNode, type EmulatedNodeOptions } from "../../../hw/meshtastic/emulator/emulator.ts";
import { MeshAir } from "../../../hw/meshtastic/emulator/mesh-air.ts";
import { type MeshtasticNode, type MeshtasticOptions, makeMeshtasticNode } from "../../../hw/meshtastic/node.ts";
import type { SendResult } from "../../../hw/meshtastic/outbox.ts";
import { SERIAL_SILENCE_MS, streamPackets } from "../../../hw/meshtastic/packet-port.ts";
import type { Arrival, MeshState, SendRequest } from "../../../hw/meshtastic/session-types.ts";
import type { BytePort } from "../../../hw/port/byte-port.ts";
import { memoryPortPair } from "../../../hw/port/memory-port.ts";
import { makePrng } from "../../../src/base/prng.ts";
import type { Entropy } from "../../../src/base/time.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

export interface Heard {
    readonly from: number;
    readonly bytes: Uint8Array;
    readonly about: Arrival;
}

/** A node with our driver at its serial port. */
export interface Station {
    readonly emulator: EmulatedNode;
    readonly driver: MeshtasticNode;
    readonly heard: Heard[];
    readonly states: MeshState[];
    readonly notices: string[];
    /** The next openings fail while this is true. */
    isUnplugged: boolean;
}

export function seededEntropy(seed: number): Entropy {
    const random = makePrng(seed);
    return {
        fill(target) {
            for (let index = 0; index < target.length; index++) target[index] = Math.floor(random() * 256);
        },
    };
}

export class MeshRig {
    readonly clock = new VirtualClock();
    readonly air: MeshAir;
    readonly stations: Station[] = [];
    readonly #seed: number;

    constructor(seed: number) {
        this.#seed = seed;
        this.air = new MeshAir({ clock: this.clock, seed });
    }

    /** The next node in a row; each hears only its neighbours. */
    add(options: Partial<EmulatedNodeOptions & MeshtasticOptions> = {}, loss = 0): Station {
        const number = 0x1000_0000 + this.stations.length;
        const emulator = new EmulatedNode({ air: this.air, clock: this.clock, number, ...options });
        const last = this.stations.at(-1);
        if (last) this.air.connect(last.emulator, emulator, { loss });
        for (const other of this.stations) other.emulator.know(emulator);
        const port = (): BytePort => {
            if (station.isUnplugged) return missingPort();
            const { a, b } = memoryPortPair(`node ${this.stations.indexOf(station)}`);
            void emulator.plug(b);
            return a;
        };
        const driver = makeMeshtasticNode({
            ...{
                label: `node ${this.stations.length}`,
                clock: this.clock,
                entropy: seededEntropy(this.#seed + number),
            },
            port: streamPackets({ port, clock: this.clock, silenceMs: SERIAL_SILENCE_MS }),
            ...options,
        });
        const station: Station = { emulator, driver, heard: [], states: [], notices: [], isUnplugged: false };
        this.stations.push(station);
        driver.start({
            onPacket: (from, bytes, about) => station.heard.push({ from, bytes, about }),
            onState: (state) => station.states.push(state),
            onNotice: (text) => station.notices.push(text),
        });
        return station;
    }

    async up(...stations: readonly Station[]): Promise<void> {
        const isUp = (): boolean => stations.every(({ driver }) => driver.status().state.kind === "up");
        const held = await this.clock.runUntil(isUp, 120_000);
        expect(held, stations.map(({ driver }) => driver.status().state.detail).join("; ")).toBe(true);
    }

    /** Sends and lets time pass until it is settled. */
    async send(station: Station, request: SendRequest, maxMs = 30 * 60_000): Promise<SendResult> {
        let result: SendResult | undefined;
        void station.driver.send(request).then((settled) => {
            result = settled;
        });
        await this.clock.runUntil(() => result !== undefined, maxMs);
        if (!result) throw new Error(`unsettled after ${maxMs} ms`);
        return result;
    }
}

function missingPort(): BytePort {
    return {
        label: "nothing",
        open: () => Promise.reject(new Error("nothing is plugged in")),
        write: () => Promise.reject(new Error("nothing is plugged in")),
        close: () => Promise.resolve(),
    };
}

export function bytesOf(size: number, first = 0): Uint8Array {
    return Uint8Array.from({ length: size }, (_, index) => (first + index * 7) & 0xff);
}
