import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { parseBrokerUrl } from "../../../src/carriers/mqtt/broker-url.ts";
import { testMessage } from "../../support/envelopes.ts";
import { Mosquitto, noMosquitto } from "../../support/mosquitto.ts";
import { closeRigs, isUp, login, never, openRig, parcelOf, type Rig, until, WAIT_MS } from "./rig.ts";

const TIMEOUT_MS = WAIT_MS * 2;
const PASSWORD = "ra:in bow@7/9%";

let broker: Mosquitto | undefined;
afterEach(async () => {
    await closeRigs();
    await broker?.remove();
    broker = undefined;
});

const downReason = ({ states }: Rig): string => {
    const last = states.at(-1);
    return last?.kind === "down" ? last.reason : "";
};

describe.skipIf(noMosquitto)("a broker that knows its people", { timeout: TIMEOUT_MS }, () => {
    it("takes a login of its own or one in the address, and no line shows it", async () => {
        broker = await new Mosquitto({ login: { username: "ada", password: PASSWORD } }).start();
        const own = await openRig(broker.url, { login: login("ada", PASSWORD), clientId: "a" });
        const address = broker.url.replace("//", `//ada:${encodeURIComponent(PASSWORD)}@`);
        const inUrl = await openRig(address, { clientId: "b" });
        const wrong = await openRig(broker.url.replace("//", "//ada:hunter2@"), { clientId: "c" });
        const nobody = await openRig(broker.url, { clientId: "d" });
        await until(() => isUp(own) && isUp(inUrl) && downReason(wrong) !== "" && downReason(nobody) !== "", "settled");
        expect(downReason(wrong)).toMatch(/Not authorized/);
        const said = JSON.stringify([own, inUrl, wrong, nobody].map(({ states, notices }) => ({ states, notices })));
        for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), "hunter2", "ada"])
            expect(said).not.toContain(secret);
        expect(await inUrl.carrier.send(parcelOf(testMessage(1)), never)).toEqual({
            kind: "handed_over",
            repeats: true,
        });
    });

    it("is believed over TLS by its chain and its pin, and by nothing less", async () => {
        broker = await new Mosquitto({ tls: true }).start();
        const ca = readFileSync(broker.file("ca.crt"), "utf8");
        const { raw, publicKey } = new X509Certificate(readFileSync(broker.file("server.crt")));
        const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
        const spki = sha256(publicKey.export({ type: "spki", format: "der" }));
        const open = (clientId: string, tls: Parameters<typeof openRig>[1] = {}, url = broker?.url ?? "") =>
            openRig(url, { clientId, ...tls });
        const good = [
            await open("a", { tls: { ca, pin: undefined } }),
            await open("b", { tls: { ca, pin: { kind: "cert", hash: sha256(raw) } } }),
            await open("c", { tls: { ca, pin: { kind: "spki", hash: spki } } }),
        ];
        const bad = [
            await open("d"),
            await open("e", { tls: { ca, pin: { kind: "spki", hash: sha256(raw) } }, login: login("ada", PASSWORD) }),
            // The certificate is for localhost.
            await open("f", { tls: { ca, pin: undefined } }, broker.url.replace("localhost", "127.0.0.1")),
            await open("g", { tls: { ca, pin: undefined } }, broker.url.replace("mqtts", "mqtt")),
        ];
        await until(() => good.every(isUp) && bad.every((rig) => downReason(rig) !== ""), "settled");
        expect(downReason(bad[1] ?? good[0] ?? ({} as Rig))).toContain("not the pinned one");
        expect(bad.some((rig) => rig.states.some(({ kind }) => kind === "up"))).toBe(false);
    });
});

it("something else that answers there is left, again and again but quietly", { timeout: TIMEOUT_MS }, async () => {
    let calls = 0;
    const server = createServer((socket) => {
        calls++;
        socket.on("error", () => undefined);
        socket.end("SSH-2.0-OpenSSH_9.2p1 Debian\r\n".repeat(100));
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const rig = await openRig(`mqtt://127.0.0.1:${typeof address === "object" ? address?.port : 0}`);
    await until(() => calls >= 2, "a second try");
    expect(rig.states.filter(({ kind }) => kind === "down").length).toBeLessThanOrEqual(2);
    await closeRigs();
    server.close();
});

it.each([
    ["mqtt://h", { tls: false, host: "h", port: 1883, shown: "mqtt://h:1883" }],
    ["mqtts://h", { tls: true, host: "h", port: 8883, shown: "mqtts://h:8883" }],
    ["mqtt://[::1]:99/", { tls: false, host: "::1", port: 99, shown: "mqtt://[::1]:99" }],
])("%s is understood", (url, place) => {
    expect(parseBrokerUrl(url)).toMatchObject({ ok: true, value: { place, login: undefined } });
});

it.each(["", "h:1883", "http://h", "mqtt://", "mqtt://u:secret@", "mqtt://u:secret@h:99999"])(
    "%j is refused without showing it",
    (url) => {
        const parsed = parseBrokerUrl(url);
        expect(parsed.ok).toBe(false);
        expect(JSON.stringify(parsed)).not.toContain("secret");
    },
);
