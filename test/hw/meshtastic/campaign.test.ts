import { expect, it } from "vitest";
import { FIRMWARES, type FirmwareName } from "../../../hw/meshtastic/emulator/firmware.ts";
import { makePrng } from "../../../src/base/prng.ts";
import { bytesOf, MeshRig, type Station } from "./rig.ts";

const SEEDS = [1, 2, 3];
const MINUTE_MS = 60_000;
const TROUBLES = 60;
const SIZE = 60;

/** Something bad happens to one station; what it was before is mended meanwhile. */
function trouble(station: Station, random: () => number): void {
    const { emulator } = station;
    const kind = Math.floor(random() * 9);
    station.isUnplugged = false;
    emulator.misbehave({});
    if (kind === 0) void emulator.restart();
    if (kind === 1) emulator.misbehave({ isSilent: true });
    if (kind === 2) emulator.misbehave({ refusesConfig: true });
    if (kind === 3) emulator.misbehave({ isQueueFull: true });
    if (kind === 4) emulator.misbehave({ halfPackets: 5, queueStatusesLost: 2 });
    if (kind === 5) emulator.misbehave({ garbage: bytesOf(Math.floor(random() * 700), Math.floor(random() * 256)) });
    if (kind === 6) emulator.misbehave({ rebootAfter: 1 });
    if (kind === 7) emulator.babble(Uint8Array.from({ length: 2_000 }, () => Math.floor(random() * 256)));
    if (kind === 8) {
        station.isUnplugged = true;
        void emulator.unplug();
    }
}

it.each(SEEDS)("an hour of everything at once costs nothing afterwards, seed %i", { timeout: 20_000 }, async (seed) => {
    const rig = new MeshRig(seed);
    const random = makePrng(seed);
    const names = Object.keys(FIRMWARES) as FirmwareName[];
    const stations = [0, 1, 2].map((index) => {
        const firmware = names[(seed + index) % names.length];
        return rig.add({ ...(firmware ? { firmware } : {}), debugText: index === 1 ? "INFO | rx\r\n" : "" }, 0.15);
    });
    await rig.up(...stations);
    let [asked, settled, told] = [0, 0, 0];
    for (let round = 0; round < TROUBLES; round++) {
        const station = stations[Math.floor(random() * stations.length)];
        if (station) trouble(station, random);
        for (const { driver } of stations) {
            asked++;
            void driver.send({ to: "everybody", bytes: bytesOf(SIZE, round) }).then((result) => {
                settled++;
                if (result.ok) told++;
            });
        }
        await rig.clock.advance(MINUTE_MS);
    }
    for (const station of stations) {
        station.isUnplugged = false;
        station.emulator.misbehave({});
    }
    await rig.clock.advance(20 * MINUTE_MS);
    await rig.up(...stations);
    expect(settled, `seed ${seed}`).toBe(asked);
    expect(told).toBeGreaterThan(asked / 4);

    const before = rig.air.statistics.transmissions;
    await rig.clock.advance(10 * MINUTE_MS);
    // Nothing is left that would still be sent: the reports of three nodes and their relays at most.
    expect(rig.air.statistics.transmissions - before).toBeLessThan(20);
    for (const [index, station] of stations.entries()) {
        const peer = stations[index === 1 ? 0 : 1];
        const request = { to: peer?.emulator.number ?? 0, bytes: bytesOf(SIZE), wantAck: true };
        // A lossy mesh may need a second try; nothing else may be wrong with it.
        const [first, second] = [await rig.send(station, request), await rig.send(station, request)];
        expect([first, second], `seed ${seed}`).toContainEqual(expect.objectContaining({ ok: true }));
    }
    for (const { states } of stations) expect(states.length).toBeLessThan(4 * TROUBLES);
});
