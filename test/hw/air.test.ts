import { expect, it } from "vitest";
import { Air, type AirChannel, type AirRadio, type Heard } from "../../hw/air/air.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const CHANNEL: AirChannel = {
    frequencyHz: 868_100_000,
    spreadingFactor: 9,
    bandwidthHz: 125_000,
    codingRate: 1,
    network: 18,
};

class Ear implements AirRadio {
    readonly heard: Heard[] = [];
    channel: AirChannel | undefined = CHANNEL;
    listensOn = (): AirChannel | undefined => this.channel;
    hear = (heard: Heard): void => void this.heard.push(heard);
}

function scene(weather = {}) {
    const clock = new VirtualClock();
    const air = new Air({ clock, seed: 7, weather });
    const ears = [new Ear(), new Ear(), new Ear()] as const;
    for (const ear of ears) air.join(ear);
    const talk = (ear: Ear, airtimeMs = 100): void =>
        air.transmit(ear, { bytes: Uint8Array.of(1, 2, 3), channel: CHANNEL, airtimeMs }, () => undefined);
    return { clock, air, ears, talk };
}

it("everybody else hears a transmission when it ends", async () => {
    const { clock, ears, talk } = scene();
    talk(ears[0]);
    await clock.advance(99);
    expect(ears[1].heard).toEqual([]);
    await clock.advance(2);
    expect(ears.map(({ heard }) => heard.length)).toEqual([0, 1, 1]);
    expect(ears[1].heard[0]).toMatchObject({ bytes: Uint8Array.of(1, 2, 3), intact: true });
});

it("two at once destroy each other, and other channels pass by", async () => {
    const { clock, air, ears, talk } = scene();
    talk(ears[0]);
    await clock.advance(50);
    talk(ears[1]);
    await clock.advance(200);
    expect(ears[2].heard).toEqual([]);
    expect(air.statistics).toMatchObject({ transmissions: 2, bytes: 6, airtimeMs: 200, collided: 2, received: 0 });
    ears[2].channel = { ...CHANNEL, spreadingFactor: 7 };
    talk(ears[0]);
    await clock.advance(200);
    expect([ears[1].heard.length, ears[2].heard.length]).toEqual([1, 0]);
});

it("who talks or tunes in late hears nothing", async () => {
    const { clock, ears, talk } = scene();
    ears[1].channel = undefined;
    talk(ears[0]);
    await clock.advance(50);
    ears[1].channel = CHANNEL;
    await clock.advance(100);
    expect(ears[1].heard).toEqual([]);
});

it("who leaves or comes in the middle has not heard the beginning", async () => {
    const { clock, air, ears, talk } = scene();
    const late = new Ear();
    const leave = air.join(late);
    talk(ears[0]);
    await clock.advance(50);
    leave();
    air.join(late);
    await clock.advance(100);
    expect([late.heard.length, ears[1].heard.length]).toEqual([0, 1]);
    talk(ears[0]);
    await clock.advance(100);
    expect(late.heard.length).toBe(1);
});

it("a packet ends with the radio that sends it", async () => {
    const { clock, air, ears, talk } = scene();
    const sender = new Ear();
    const leave = air.join(sender);
    talk(sender);
    await clock.advance(50);
    expect(air.isBusy(CHANNEL)).toBe(true);
    leave();
    expect(air.isBusy(CHANNEL)).toBe(false);
    // What is left of its time is free for others.
    talk(ears[0]);
    await clock.advance(200);
    expect(ears.map(({ heard }) => heard.length)).toEqual([0, 1, 1]);
    expect(air.statistics.collided).toBe(1);
});

it("is busy for those on the same channel, as long as a packet lasts", async () => {
    const { clock, air, ears, talk } = scene();
    expect(air.isBusy(CHANNEL)).toBe(false);
    talk(ears[0]);
    expect(air.isBusy({ ...CHANNEL, network: 3 })).toBe(true);
    expect(air.isBusy({ ...CHANNEL, spreadingFactor: 8 })).toBe(false);
    await clock.advance(200);
    expect(air.isBusy(CHANNEL)).toBe(false);
});

it("loses, damages and doubles by the shares asked for, the same way from the same seed", async () => {
    const run = async (): Promise<string> => {
        const { clock, ears, talk } = scene({
            loss: 0.3,
            corruption: 0.2,
            duplication: 0.1,
            garbling: 0.1,
            delayMs: 40,
        });
        for (let index = 0; index < 500; index++) {
            talk(ears[0]);
            await clock.advance(200);
        }
        const intact = ears[1].heard.filter((each) => each.intact).length;
        expect(ears[1].heard.length).toBeGreaterThan(330);
        expect(ears[1].heard.length).toBeLessThan(430);
        expect(intact / ears[1].heard.length).toBeGreaterThan(0.7);
        expect(intact / ears[1].heard.length).toBeLessThan(0.9);
        expect(ears[1].heard.some(({ bytes }) => bytes.join() !== "1,2,3")).toBe(true);
        return JSON.stringify(ears.map(({ heard }) => heard));
    };
    expect(await run()).toBe(await run());
});
