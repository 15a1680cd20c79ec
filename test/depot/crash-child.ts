import { writeSync } from "node:fs";
import { openDepot } from "../../src/depot/sqlite/depot.ts";
import { id16 } from "../support/envelopes.ts";
import { decodes, newMessage } from "./rig.ts";

/**
 * Commits without end, until it is killed: `crash-child.ts DIRECTORY FIRST_NUMBER`. Says on its standard output what
 * became durable, a line each, written before anything else happens: `+N` message N is stored; `?N` its removal begins;
 * `-N` it is removed.
 */
const CALLERS = 16;
/** Messages kept at a time; older ones are removed. */
const KEPT = 200;

const [directory = "", first = "0"] = process.argv.slice(2);
const depot = await openDepot({
    directory,
    decodes,
    onNotice: (text) => {
        throw new Error(text);
    },
});
const { store } = depot;
let next = Number(first);
let oldest = next;

/** A full pipe makes it wait: what a stream still held would be gone with the process. */
function say(line: string): void {
    writeSync(1, `${line}\n`);
}

async function insert(): Promise<void> {
    const number = next++;
    await depot.commit(() => {
        store.insertMessage(newMessage(number, { size: 20 + (number % 1_500) }));
        store.addOffer({ kind: "message", messageId: id16(number, 0xa0), carrier: "lora" });
    });
    say(`+${number}`);
}

async function remove(): Promise<void> {
    const number = oldest++;
    say(`?${number}`);
    await depot.commit(() => store.removeMessage(id16(number, 0xa0)));
    say(`-${number}`);
}

async function loop(): Promise<never> {
    for (;;) await (next - oldest < KEPT ? insert() : remove());
}

await Promise.all(Array.from({ length: CALLERS }, loop));
