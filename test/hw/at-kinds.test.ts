import { describe, expect, it } from "vitest";
import type { Misbehaviour } from "../../hw/emulation/misbehaviour.ts";
import { loraE5, RYLR896, RYLR998, rak3172 } from "../support/at-kinds.ts";
import { type AtEmulator, type AtKind, makeWorld, rigOf, station } from "../support/at-station.ts";
import { modemContract } from "../support/modem-contract.ts";
import { testPermit } from "../support/modem-diary.ts";
import { settled } from "../support/settled.ts";

const KINDS: Readonly<Record<string, AtKind<AtEmulator>>> = {
    RYLR998,
    RYLR896,
    "RAK3172 with firmware 4.0.5": rak3172("4.0.5"),
    "RAK3172 with firmware 4.2.0 that listens first": rak3172("4.2.0", { listensBeforeTalk: true }),
    "RAK3172 with firmware 3.5.0": rak3172("3.5.0"),
    "RAK3172 with firmware 1.0.2": rak3172("1.0.2"),
    "LoRa-E5": loraE5(),
    "LoRa-E5 with spaces": loraE5({ spacesHex: true }),
};

const PATIENCE_MS = 120_000;
const FRAME = Uint8Array.from({ length: 100 }, (_, index) => index);
const PERMIT = testPermit();

/** Two modules of a kind, the first of them to be treated badly. */
async function pair(kind: AtKind<AtEmulator>) {
    const world = makeWorld();
    const [one, two] = [station(kind, world, 1), station(kind, world, 2)];
    const { clock } = world;
    expect(await clock.runUntil(() => one.diary.isUp && two.diary.isUp, PATIENCE_MS)).toBe(true);
    const send = (from: typeof one) => settled(clock, from.modem.send(FRAME, PERMIT), PATIENCE_MS);
    /** Both ways, as often as a busy or lost moment needs. */
    const exchanges = async (): Promise<void> => {
        expect(await clock.runUntil(() => one.diary.isUp && two.diary.isUp, PATIENCE_MS)).toBe(true);
        for (const [from, to] of [
            [one, two],
            [two, one],
        ] as const) {
            const before = to.diary.frames.length;
            expect(await send(from)).toEqual({ ok: true, value: undefined });
            await clock.advance(2_000);
            expect(to.diary.frames.slice(before).map(({ bytes }) => bytes)).toEqual([FRAME]);
        }
    };
    return { clock, one, two, send, exchanges };
}

for (const [name, kind] of Object.entries(KINDS)) {
    modemContract(name, () => rigOf(kind));

    describe(`a ${name} that misbehaves`, () => {
        it.each<[string, Partial<Misbehaviour>]>([
            ["says nothing", { isSilent: true }],
            ["says half lines", { answerBytesMax: 3 }],
        ])("when it %s is down, and is up again when it has come to its senses", async (_, faults) => {
            const { clock, one, exchanges } = await pair(kind);
            one.emulator.misbehave(faults);
            expect(await clock.runUntil(() => !one.diary.isUp, PATIENCE_MS)).toBe(true);
            await clock.advance(PATIENCE_MS);
            expect(one.diary.isUp).toBe(false);
            expect(one.diary.downs.length).toBeLessThan(5);
            one.emulator.misbehave({});
            await exchanges();
        });

        it("puts garbage before each answer, and is whole again when it has come to its senses", async () => {
            const { clock, one, two, exchanges } = await pair(kind);
            one.emulator.misbehave({ garbage: Uint8Array.of(0, 255, 13, 43, 65) });
            await clock.advance(PATIENCE_MS);
            expect([one.diary.frames, two.diary.frames]).toEqual([[], []]);
            one.emulator.misbehave({});
            await exchanges();
        });

        it("starts again at any moment of setting up, and ends with its settings", { timeout: 10_000 }, async () => {
            for (let at = 100; at < 4_000; at += 61) {
                const world = makeWorld();
                const first = station(kind, world, 1);
                await world.clock.advance(at);
                if (first.diary.isUp) break;
                first.emulator.restart();
                expect([at, await world.clock.runUntil(() => first.diary.isUp, PATIENCE_MS)]).toEqual([at, true]);
                await first.modem.stop();
            }
        });

        it("starts again at any moment of a frame: the sender hears of it, and the next frame passes", async () => {
            for (const at of [1, 20, 200, 500]) {
                const { clock, one, exchanges } = await pair(kind);
                const sending = one.modem.send(FRAME, PERMIT);
                await clock.advance(at);
                one.emulator.restart();
                expect(await settled(clock, sending, PATIENCE_MS)).toMatchObject({
                    ok: false,
                    error: { kind: "silent" },
                });
                await exchanges();
            }
        });

        it("starts again while idle, and is soon set up again", async () => {
            const { clock, one, exchanges } = await pair(kind);
            one.emulator.restart();
            await clock.advance(40_000);
            expect(await clock.runUntil(() => one.diary.isUp, PATIENCE_MS)).toBe(true);
            await exchanges();
        });

        it("browns out on each transmission: nothing passes, and nothing is called sent", async () => {
            const { clock, one, two, send, exchanges } = await pair(kind);
            one.emulator.misbehave({ brownOutMs: 30 });
            for (let round = 0; round < 3; round++) {
                expect(await send(one)).toMatchObject({ ok: false, error: { kind: "silent" } });
                expect(await clock.runUntil(() => one.diary.isUp, PATIENCE_MS)).toBe(true);
            }
            expect(two.diary.frames).toEqual([]);
            one.emulator.misbehave({});
            await exchanges();
        });

        it("says OK to settings and ignores them: it is not used, and is told by name", async () => {
            const world = makeWorld();
            const { modem, diary, emulator } = station(kind, world, 1);
            emulator.misbehave({ ignoresSettings: true });
            expect(await world.clock.runUntil(() => diary.downs.length > 0, PATIENCE_MS)).toBe(true);
            expect(diary.downs[0]).toMatchObject({ kind: "mismatch", detail: expect.stringContaining("was set to") });
            expect(await modem.send(FRAME, PERMIT)).toMatchObject({ ok: false });
            await world.clock.advance(PATIENCE_MS);
            expect([diary.ups, world.air.statistics.transmissions]).toEqual([[], 0]);
            emulator.misbehave({});
            expect(await world.clock.runUntil(() => diary.isUp, PATIENCE_MS)).toBe(true);
        });

        it("babbles at wrong moments: banners, answers and halves of packets that nobody asked for", async () => {
            const { clock, one, exchanges } = await pair(kind);
            const babble = [
                "\r\n+READY\r\nCurrent Work Mode: LoRa P2P.\r\n",
                "+OK\r\nOK\r\n+AT: OK\r\n+TEST: TX DONE\r\n+EVT:TXP2P DONE\r\n",
                "+ERR=4\r\nAT_PARAM_ERROR\r\n+AT: ERROR(-1)\r\n+EVT:RXP2P RECEIVE TIMEOUT\r\n",
                // Their ends never come.
                "+RCV=5,200,ab",
                "+EVT:RXP2P:-3:1:48",
                '+TEST: RX "48',
                "+RCV=5,9,ab\r\n+EVT:RXP2P:-3:\r\n+TEST: LEN:9, RSSI:-3, SNR:1\r\n",
            ];
            for (const text of babble) {
                one.emulator.babble(Uint8Array.from(text, (letter) => letter.charCodeAt(0)));
                await clock.advance(5_000);
                await exchanges();
            }
        });
    });
}

describe("a module that says at once that it has sent, and has not", () => {
    it.each(["RAK3172 with firmware 4.0.5", "LoRa-E5"])("is found out: %s", async (name) => {
        const { clock, one, send } = await pair(KINDS[name] ?? RYLR998);
        one.emulator.misbehave({ feignsSending: true });
        const detail = expect.stringMatching(/sent within \d+ ms what takes \d+ ms/);
        expect(await send(one)).toEqual({ ok: false, error: { kind: "mismatch", detail } });
        expect(await clock.runUntil(() => one.diary.downs.length > 0, PATIENCE_MS)).toBe(true);
    });
});
