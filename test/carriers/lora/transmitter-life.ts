import { makePrng } from "../../../src/base/prng.ts";
import { fitChannel } from "../../../src/carriers/lora/fit.ts";
import { Transmitter } from "../../../src/carriers/lora/transmitter.ts";
import { AIRTIME_MEMORY_S, type AirtimeEntry, makeAirLaw } from "../../../src/link/ledger.ts";
import { findRegion } from "../../../src/link/region.ts";
import type { Sent } from "../../support/busiest-window.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { FakeModem, PARAMS } from "./fake-modem.ts";

const HOUR_MS = 3_600_000;
const RESTART_MS = 12 * HOUR_MS;
const FSYNC_MS = 40;
const DATA_SIZE = 222;
const ACK_SIZE = 20;
const ACK_EVERY = 10;
const CHANNEL = { ...PARAMS, spreadingFactor: 7 };
const STATION = { antennaGainDbi: 2, listensBeforeTalk: false };

/** The carrier's own path, law, journal and transmitter over a modem that takes its time, with endless data and restarts. */
export async function transmitterLife(seed: number, hours: number): Promise<readonly Sent[]> {
    const random = makePrng(seed);
    const clock = new VirtualClock();
    const modem = new FakeModem(clock, {}, CHANNEL);
    let journal: AirtimeEntry[] = [];
    const sleep = (ms: number): Promise<void> =>
        new Promise((resolve) => void clock.schedule(clock.now().monotonic + ms, resolve));
    const record = async (entry: AirtimeEntry): Promise<void> => {
        await sleep(FSYNC_MS);
        journal = [...journal.filter(({ at }) => at >= entry.at - AIRTIME_MEMORY_S), entry];
    };
    const live = async (diesAt: number): Promise<void> => {
        const law = makeAirLaw({ region: findRegion("EU868"), station: STATION });
        const fit = fitChannel(modem, law, CHANNEL);
        if (!fit.ok) throw new Error(fit.error);
        law.restore(journal, clock.now());
        const transmitter = new Transmitter({
            modem,
            params: CHANNEL,
            law,
            clock,
            random,
            record,
            onHindered: () => {},
        });
        clock.schedule(diesAt, () => transmitter.cancel());
        for (let turn = 1; clock.now().monotonic < diesAt; turn++) {
            const isAck = turn % ACK_EVERY === 0;
            const frame = new Uint8Array(isAck ? ACK_SIZE : DATA_SIZE);
            await transmitter.transmit({ frame, reserve: isAck ? undefined : fit.value.reserve, isPolite: !isAck });
        }
    };
    const end = hours * HOUR_MS;
    const life = async (): Promise<boolean> => {
        while (clock.now().monotonic < end) await live(clock.now().monotonic + 2 * random() * RESTART_MS);
        return true;
    };
    let isOver = false;
    const living = life().then((over) => {
        isOver = over;
    });
    await clock.runUntil(() => isOver, 2 * end);
    await living;
    return modem.sent
        .map(({ at, permit }) => ({ start: at, airtimeMs: permit.airtimeMs }))
        .filter(({ start }) => start < end);
}
