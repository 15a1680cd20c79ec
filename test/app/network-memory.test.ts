import { expect, it } from "vitest";
import { networkMemory } from "../../src/app/network-memory.ts";
import { LINK_STATES_MAX } from "../../src/depot/store.ts";
import { withDirectory } from "../depot/rig.ts";
import { openTestDepot } from "../support/test-depot.ts";

it("a radio's numbers and peers are kept in the depot, each radio's own", () =>
    withDirectory(async (directory) => {
        const first = await openTestDepot(directory);
        const memory = networkMemory("lora", first);
        expect([memory.counter(), memory.loadPeers()]).toEqual([undefined, undefined]);
        await memory.reserve(31_000_000);
        await memory.savePeers(Uint8Array.of(1, 2, 3));
        await first.close();
        const second = await openTestDepot(directory);
        const again = networkMemory("lora", second);
        expect([again.counter(), again.loadPeers()]).toEqual([31_000_000, Buffer.of(1, 2, 3)]);
        expect(networkMemory("hill", second).counter()).toBeUndefined();
        expect(second.links.load("lora")).toBeUndefined();
        // What a damaged file holds instead of a number is none.
        await second.commit(() => second.links.save("lora counter", Uint8Array.of(0xff, 0x31)));
        expect(again.counter()).toBeUndefined();
        await second.close();
    }));

it("numbers that the depot cannot keep are not reserved", () =>
    withDirectory(async (directory) => {
        const depot = await openTestDepot(directory);
        await depot.commit(() => {
            for (let index = 0; index < LINK_STATES_MAX; index++) depot.links.save(`${index}`, Uint8Array.of(1));
        });
        const memory = networkMemory("lora", depot);
        await expect(memory.reserve(1_000)).rejects.toThrow("too many");
        await expect(memory.savePeers(Uint8Array.of(1))).resolves.toBeUndefined();
        await depot.close();
    }));
