import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DemoIsland, openDemo } from "../demo.ts";
import { makePerson, type Person } from "../demo-people.ts";
import { configFrom, type SettingOptions } from "./settings-of.ts";
import { CommandError, type Terminal } from "./terminal.ts";

/** A first message that has not crossed by then never will. */
const CROSSING_MS_MAX = 180_000;

type Options = SettingOptions & { readonly loss?: string; readonly once?: boolean };

/** Two islands in one process: shows a first message crossing the emulated air, then serves on. */
export async function runDemo(options: Options, terminal: Terminal): Promise<void> {
    // The clone's own hearth.toml, and the login in it, belong to its real gateway.
    const config = configFrom(options, { ...terminal, env: { ...terminal.env, HEARTH_HOME: undefined } });
    const loss = lossOf(options.loss ?? "0");
    const kept = options.dataDir !== undefined;
    const directory = kept ? config.dataDir : await mkdtemp(join(tmpdir(), "hearth-demo-"));
    const say = (text: string): void => terminal.out(text);
    introduce(say, loss);
    const stopped = terminal.untilStopped();
    try {
        const demo = await openDemo({ config, directory, loss, say });
        try {
            const [ada, ben] = [makePerson(directory, "ada"), makePerson(directory, "ben")];
            const crossed = cross(demo.near, demo.far, ada, ben, say, demo.figures).then(() => true);
            const isServing = await Promise.race([crossed, stopped.then(() => false)]);
            if (!isServing || options.once) return;
            explain(say, demo.near, demo.far, ada, ben, kept);
            await stopped;
        } finally {
            await demo.stop();
        }
    } finally {
        if (!kept) await rm(directory, { recursive: true, force: true });
    }
}

function introduce(say: (text: string) => void, loss: number): void {
    say("┌──────────────────────────────────────────────────────────────────────────┐");
    say("│  DEMONSTRATION: no radio here. Two gateways in this process, each with   │");
    say("│  an emulated RYLR998 LoRa module on an emulated air. Nothing transmits.  │");
    say("└──────────────────────────────────────────────────────────────────────────┘");
    if (loss > 0) say(`The emulated air loses ${Math.round(loss * 100)} % of all frames.`);
}

async function cross(
    near: DemoIsland,
    far: DemoIsland,
    ada: Person,
    ben: Person,
    say: (text: string) => void,
    figures: () => string,
): Promise<void> {
    say(`near: mailbox ${near.mailboxUrl}`);
    say(`far:  mailbox ${far.mailboxUrl}`);
    say("");
    const text = "Hello from the near valley!";
    say(`Ada hands a sealed message for Ben to the mailbox of "near": ${JSON.stringify(text)}`);
    const started = performance.now();
    const size = await ada.send(near.mailboxUrl, ben.publicId, text);
    say(`  stored at near: ${size} bytes, fsynced, and offered to the radio`);
    const letters = await far.waitFor(() => ben.read(far.mailboxUrl), CROSSING_MS_MAX);
    if (letters.length === 0)
        throw new CommandError("The first message did not cross. Run again, or with less --loss.");
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    say(`  stored at far after ${seconds} s: ${figures()}`);
    say(`Ben fetches it from the mailbox of "far" and opens it: ${JSON.stringify(letters.at(-1))}`);
}

function explain(
    say: (text: string) => void,
    near: DemoIsland,
    far: DemoIsland,
    ada: Person,
    ben: Person,
    kept: boolean,
): void {
    say("");
    say("Both gateways keep serving; Ctrl-C ends them. Send another, in a second terminal:");
    say(`  scripts/hearth send --identity ${ada.file} --url ${near.mailboxUrl} \\`);
    say(`      ${ben.publicIdHex} "How is the weather?"`);
    say("and read it on the other island:");
    say(`  scripts/hearth inbox --identity ${ben.file} --url ${far.mailboxUrl}`);
    if (!kept) say("This demonstration's files vanish with it; keep them with --data-dir DIR.");
    say("A real gateway: plug in a RYLR998 and run scripts/start --region EU868 (or where you are).");
}

function lossOf(text: string): number {
    if (!/^\d{1,2}$/.test(text)) throw new CommandError("--loss must be a whole number of percent from 0 to 99.");
    return Number(text) / 100;
}
