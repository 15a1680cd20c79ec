import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/app/clock.ts";
import { systemEntropy } from "../../src/app/entropy.ts";
import { toHex } from "../../src/base/encoding.ts";
import { makeMailboxClient } from "../../src/carriers/http/mailbox-client.ts";
import { type Identity, makeIdentity } from "../../src/crypto/identity.ts";
import { nativeCrypto } from "../../src/crypto/node/native.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");
const NO_LIMITS = ["submit_ip_rps", "submit_key_rps", "fetch_ip_rps", "fetch_key_rps"]
    .flatMap((name) => [`${name} = 0`, `${name.replace("rps", "burst")} = 0`])
    .join("\n");

/** A gateway as a process of its own, as an operator runs it, which can be killed and started again. */
export class Island {
    readonly name: string;
    readonly directory: string;
    readonly identity: Identity;
    readonly port: number;
    readonly log: string[] = [];
    #child: ChildProcess | undefined;

    private constructor(name: string, port: number) {
        this.name = name;
        this.port = port;
        this.directory = mkdtempSync(join(tmpdir(), `hearth-${name}-`));
        const secret = randomBytes(32);
        this.identity = makeIdentity({ crypto: nativeCrypto, entropy: systemEntropy, secret });
        mkdirSync(this.dataDir, { mode: 0o700 });
        writeFileSync(join(this.dataDir, "node-identity.key"), secret, { mode: 0o600 });
    }

    static async make(name: string): Promise<Island> {
        return new Island(name, await freePort());
    }

    get dataDir(): string {
        return join(this.directory, "data");
    }

    get url(): string {
        return `http://127.0.0.1:${this.port}`;
    }

    get client() {
        return makeMailboxClient({ url: this.url, clock: systemClock });
    }

    /** `peer` are the lines of its [[peer]]; the address and the key are filled in. */
    configure(peer: Island, lines: readonly string[]): void {
        const text = [
            `name = "${this.name}"`,
            `data_dir = "${this.dataDir}"`,
            `radio_autodetect = false`,
            `[http]\nlisten = "127.0.0.1:${this.port}"\npublic_hosts = "127.0.0.1:${this.port}"`,
            `[http.limits]\n${NO_LIMITS}`,
            "[mailbox]\nmessages_max = 100000",
            `[[peer]]\nid = "${peer.name}"\nurl = "${peer.url}"\npublic_id = "${toHex(peer.identity.publicId)}"`,
            ...lines,
        ].join("\n");
        writeFileSync(join(this.directory, "hearth.toml"), text);
    }

    async start(): Promise<void> {
        const args = [MAIN, "run", "--config", join(this.directory, "hearth.toml"), "--log-level", "debug"];
        const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
        this.#child = child;
        child.stderr?.setEncoding("utf8").on("data", (text: string) => this.log.push(text));
        await new Promise<void>((resolve, reject) => {
            child.once("exit", (code) => reject(new Error(`${this.name} ended with ${code}: ${this.log.join("")}`)));
            child.stdout?.once("data", () => resolve());
        });
        child.removeAllListeners("exit");
    }

    async kill(): Promise<void> {
        const child = this.#child;
        if (!child) return;
        this.#child = undefined;
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGKILL");
        await ended;
    }

    async remove(): Promise<void> {
        await this.kill();
        rmSync(this.directory, { recursive: true, force: true });
    }
}

function freePort(): Promise<number> {
    return new Promise((resolve) => {
        const server = createServer();
        server.listen(0, "127.0.0.1", () => {
            const address = server.address();
            server.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0));
        });
    });
}
