import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Debian keeps it where only root looks. */
const PATH = `${process.env["PATH"]}:/usr/sbin`;
const START_MS_MAX = 10_000;

/** Why tests with a real broker cannot run here; undefined when they can. Told once, for the usual reporter keeps it to itself. */
export const noMosquitto: string | undefined = (() => {
    // It exits with 3 after its help.
    const { error } = spawnSync("mosquitto", ["-h"], { env: { ...process.env, PATH } });
    if (!error) return undefined;
    const reason = "mosquitto is not installed (sudo apt-get install mosquitto)";
    process.stderr.write(`tests with a real MQTT broker are skipped: ${reason}\n`);
    return reason;
})();

export interface BrokerOptions {
    /** More lines of mosquitto.conf. */
    readonly config?: string;
    /** Makes certificates; the listener speaks TLS. */
    readonly tls?: boolean;
    readonly login?: { readonly username: string; readonly password: string };
}

/** A real mosquitto on a free port of loopback, with its files in a folder that goes when it goes. */
export class Mosquitto {
    readonly directory = mkdtempSync(join(tmpdir(), "hearth-mosquitto-"));
    readonly #options: BrokerOptions;
    port = 0;
    #child: ChildProcess | undefined;

    constructor(options: BrokerOptions = {}) {
        this.#options = options;
    }

    get url(): string {
        return `${this.#options.tls ? "mqtts" : "mqtt"}://localhost:${this.port}`;
    }

    file(name: string): string {
        return join(this.directory, name);
    }

    /** Starts it, on the same port as before. */
    async start(): Promise<this> {
        const { tls, login, config = "" } = this.#options;
        if (this.port === 0) {
            this.port = await freePort();
            if (tls) this.#makeCertificates();
            if (login)
                execFileSync("mosquitto_passwd", ["-b", "-c", this.file("logins"), login.username, login.password], {
                    env: { ...process.env, PATH },
                    stdio: "pipe",
                });
        }
        const lines = [
            `listener ${this.port} 127.0.0.1`,
            `allow_anonymous ${login ? "false" : "true"}`,
            // As root it would become a user who cannot read this folder.
            "user root",
            "persistence true",
            `persistence_location ${this.directory}/`,
            ...(login ? [`password_file ${this.file("logins")}`] : []),
            ...(tls ? [`certfile ${this.file("server.crt")}`, `keyfile ${this.file("server.key")}`] : []),
            config,
        ];
        writeFileSync(this.file("mosquitto.conf"), lines.join("\n"));
        const child = spawn("mosquitto", ["-c", this.file("mosquitto.conf")], {
            stdio: "ignore",
            env: { ...process.env, PATH },
        });
        this.#child = child;
        const end = Date.now() + START_MS_MAX;
        while (!(await answers(this.port))) {
            if (child.exitCode !== null || Date.now() > end) throw new Error("mosquitto does not start");
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
        return this;
    }

    /** SIGTERM, which writes its sessions down, or SIGKILL, which does not. */
    async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
        const child = this.#child;
        this.#child = undefined;
        if (!child || child.exitCode !== null || child.signalCode !== null) return;
        child.kill(signal);
        await once(child, "exit");
    }

    async remove(): Promise<void> {
        await this.stop("SIGKILL");
        rmSync(this.directory, { recursive: true });
    }

    #makeCertificates(): void {
        const openssl = (...args: readonly string[]): void =>
            void execFileSync("openssl", args, { cwd: this.directory, stdio: "pipe" });
        const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=Test CA");
        openssl("req", ...key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost");
        writeFileSync(this.file("names"), "subjectAltName=DNS:localhost\n");
        const signing = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names"];
        openssl("x509", "-req", "-in", "server.csr", "-out", "server.crt", "-days", "2", ...signing);
    }
}

async function freePort(): Promise<number> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    server.close();
    await once(server, "close");
    if (typeof address !== "object" || !address) throw new Error("no port");
    return address.port;
}

async function answers(port: number): Promise<boolean> {
    const socket = connect(port, "127.0.0.1");
    return new Promise((resolve) => {
        socket.once("connect", () => {
            socket.destroy();
            resolve(true);
        });
        socket.once("error", () => resolve(false));
    });
}
