import fc from "fast-check";
import { expect, it } from "vitest";
import { openDepot } from "../../src/depot/sqlite/depot.ts";
import type { DeliveryOutcome, Depot, ItemKind, OfferKey, RelayStore } from "../../src/depot/store.ts";
import { id16 } from "../support/envelopes.ts";
import { ModelStore } from "../support/model-store.ts";
import { decodes, newMessage, newTombstone, T0, withDirectory } from "./rig.ts";

const TEST_MS = 120_000;
const RUNS = Number(process.env["HEARTH_DEPOT_RUNS"] ?? 150);
const CARRIERS = ["http", "lora", "mesh"];

interface Real {
    readonly directory: string;
    depot: Depot;
}

/** The same clock for both: it only goes forward, as the gateway's does. */
interface Model {
    readonly store: ModelStore;
    now: number;
}

type Command = fc.AsyncCommand<Model, Real>;

const open = (directory: string): Promise<Depot> =>
    openDepot({
        directory,
        decodes,
        onNotice: (text) => {
            throw new Error(text);
        },
    });

/** A change, done to both in the same way; both must answer or refuse alike. */
function change(text: string, work: (store: RelayStore, now: number) => unknown): Command {
    return {
        check: () => true,
        async run(model, real) {
            const expected = outcomeOf(() => work(model.store, model.now));
            const found = await real.depot
                .commit(() => work(real.depot.store, model.now))
                .then(
                    (value) => ({ value }),
                    () => "refused",
                );
            expect(found, text).toEqual(expected);
            compare(model, real);
        },
        toString: () => text,
    };
}

function outcomeOf(work: () => unknown): unknown {
    try {
        return { value: work() };
    } catch {
        return "refused";
    }
}

/** Everything that can be asked. */
function compare({ store, now }: Model, { depot }: Real): void {
    for (const number of NUMBERS) {
        const id = id16(number, 0xa0);
        expect(plain(depot.store.message(id))).toEqual(plain(store.message(id)));
        expect(plain(depot.store.tombstone(id))).toEqual(plain(store.tombstone(id)));
        expect(plain(depot.store.deliveries(id))).toEqual(plain(store.deliveries(id)));
        for (const kind of ["message", "tombstone"] as const) {
            expect(plain(depot.store.openOffers(kind, id))).toEqual(plain(store.openOffers(kind, id)));
        }
    }
    for (const box of BOXES) {
        const routingKey = id16(box, 0xb0);
        expect(depot.store.mailboxFill(routingKey)).toEqual(store.mailboxFill(routingKey));
        for (const after of [0, 2]) {
            const query = { routingKey, after, limit: 3, now };
            expect(plain(depot.mailbox.page(query))).toEqual(plain(store.page(query)));
        }
    }
    expect(depot.store.totalFill()).toEqual(store.totalFill());
    expect(depot.store.tombstoneCounts()).toEqual(store.tombstoneCounts());
    expect(depot.store.latestReceipt()).toBe(store.latestReceipt());
    expect(depot.mailbox.stats(now)).toEqual(store.stats(now));
    expect(plain(depot.store.liveMessages(1, now, 3))).toEqual(plain(store.liveMessages(1, now, 3)));
    expect(plain(depot.store.expired(now, 3))).toEqual(plain(store.expired(now, 3)));
    for (const carrier of CARRIERS) {
        expect(plain(depot.store.confirmedBefore(carrier, now, 3))).toEqual(
            plain(store.confirmedBefore(carrier, now, 3)),
        );
        expect(depot.store.nextOfferAt(carrier)).toBe(store.nextOfferAt(carrier));
        for (const time of [0, 500, 10_000]) {
            expect(plain(depot.store.dueOffers(carrier, time, 4))).toEqual(plain(store.dueOffers(carrier, time, 4)));
        }
        expect(plain(depot.store.neverOffered(carrier, now, 5))).toEqual(plain(store.neverOffered(carrier, now, 5)));
    }
}

/** Buffers and other byte arrays compare as the bytes that they hold. */
function plain(value: unknown): unknown {
    if (value instanceof Uint8Array) return Array.from(value);
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}

const NUMBERS = [1, 2, 3, 4, 5, 6];
const BOXES = [1, 2];

const number = fc.constantFrom(...NUMBERS);
const carrier = fc.constantFrom(...CARRIERS);
const box = fc.constantFrom(...BOXES).map((value) => id16(value, 0xb0));
const lifeS = fc.constantFrom(-1, 0, 1, 50, 100);
const key: fc.Arbitrary<OfferKey> = fc.record({
    kind: fc.constantFrom<ItemKind>("message", "tombstone"),
    messageId: number.map((value) => id16(value, 0xa0)),
    carrier,
});
const show = (offer: OfferKey): string => `${offer.kind} ${offer.messageId[15]} ${offer.carrier}`;

const commands: fc.Arbitrary<Command>[] = [
    fc
        .record({ number, routingKey: box, ingress: carrier, lifeS, size: fc.integer({ min: 5, max: 9_000 }) })
        .map(({ number: which, routingKey, ingress, lifeS: life, size }) =>
            change(`insert ${which} into ${routingKey[15]} from ${ingress} for ${life} s`, (store, now) =>
                store.insertMessage(
                    newMessage(which, { routingKey, ingress, size, receivedAt: now, expiresAt: now + life }),
                ),
            ),
        ),
    number.map((which) => change(`remove ${which}`, (store) => store.removeMessage(id16(which, 0xa0)))),
    fc
        .record({ number, ingress: carrier, proven: fc.boolean(), lifeS })
        .map(({ number: which, ingress, proven, lifeS: life }) =>
            change(`tombstone ${which} from ${ingress} for ${life} s${proven ? ", proven" : ""}`, (store, now) =>
                store.putTombstone(newTombstone(which, { ingress, proven, expiresAt: now + life })),
            ),
        ),
    number.map((which) => change(`remove tombstone ${which}`, (store) => store.removeTombstone(id16(which, 0xa0)))),
    fc.constant(change("evict", (store) => store.evictUnprovenTombstone())),
    key.map((offer) => change(`offer ${show(offer)}`, (store) => store.addOffer(offer))),
    fc
        .tuple(key, fc.constantFrom(0, 400, 9_000, 0.5, 1e12))
        .map(([offer, until]) => change(`defer ${show(offer)} to ${until}`, (store) => store.deferOffer(offer, until))),
    key.map((offer) => change(`reopen ${show(offer)}`, (store) => store.reopenOffer(offer))),
    fc
        .record({
            offer: key,
            outcome: fc.constantFrom<DeliveryOutcome>("stored", "failed", "rejected"),
            receipt: fc.constantFrom(undefined, new Uint8Array(64).fill(1)),
        })
        .map(({ offer, outcome, receipt }) =>
            change(`try ${show(offer)}: ${outcome}`, (store, now) =>
                store.recordTry(offer, { at: now, outcome, detail: outcome, receipt }),
            ),
        ),
    fc
        .record({ ageS: fc.nat({ max: 60 }), max: fc.nat({ max: 6 }), limit: fc.nat({ max: 4 }) })
        .map(({ ageS, max, limit }) =>
            change(`forget ${limit} deliveries after ${ageS} s or beyond ${max}`, (store, now) =>
                store.forgetDeliveries({ before: now - ageS, max, limit }),
            ),
        ),
    fc
        .tuple(key, fc.constantFrom(0, 400, 9_000))
        .map(([offer, until]) =>
            change(`repeat ${show(offer)} at ${until}`, (store) => store.repeatOffer(offer, until)),
        ),
    key.map((offer) => change(`end ${show(offer)}`, (store) => store.endOffer(offer))),
    key.map((offer) => change(`withhold ${show(offer)}`, (store) => store.withholdOffer(offer))),
    fc
        .tuple(box, fc.constantFrom(...CARRIERS))
        .map(([routingKey, carrier]) =>
            change(`release ${routingKey[15]} to ${carrier}`, (store) => store.releaseOffers(carrier, routingKey)),
        ),
    fc
        .subarray(CARRIERS)
        .map((carriers) => change(`resume ${carriers.join("+")}`, (store) => store.resumeOffers(carriers))),
    box.map((routingKey) => change(`purge ${routingKey[15]}`, (store, now) => store.purgeMailbox(routingKey, now))),
    fc.nat({ max: 3 }).map((limit) => change(`purge ${limit}`, (store, now) => store.purgeExpired(now, limit))),
    // What fails must leave no trace, so the model does nothing here.
    fc.constant<Command>({
        check: () => true,
        async run(model, real) {
            const { store } = real.depot;
            const failing = real.depot.commit(() => {
                for (const item of store.neverOffered("mesh", model.now, 2))
                    store.addOffer({ ...item, carrier: "mesh" });
                store.neverOffered("mesh", model.now, 2);
                store.putTombstone(newTombstone(1));
                throw new Error("rolled back");
            });
            await expect(failing).rejects.toThrow("rolled back");
            compare(model, real);
        },
        toString: () => "catch up, then fail",
    }),
    fc.nat({ max: 60 }).map<Command>((seconds) => ({
        check: () => true,
        async run(model, real) {
            model.now += seconds;
            compare(model, real);
        },
        toString: () => `wait ${seconds} s`,
    })),
    fc.constant<Command>({
        check: () => true,
        async run(model, real) {
            await real.depot.close();
            real.depot = await open(real.directory);
            compare(model, real);
        },
        toString: () => "reopen",
    }),
];

it(
    "answers as its slow twin does, whatever is done to both",
    async () => {
        await fc.assert(
            fc.asyncProperty(fc.commands(commands, { maxCommands: 60 }), (list) =>
                withDirectory(async (directory) => {
                    const real: Real = { directory, depot: await open(directory) };
                    try {
                        await fc.asyncModelRun(() => ({ model: { store: new ModelStore(), now: T0 }, real }), list);
                    } finally {
                        await real.depot.close();
                    }
                }),
            ),
            { numRuns: RUNS },
        );
    },
    TEST_MS,
);
