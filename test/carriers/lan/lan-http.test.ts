import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { lanCalls } from "../../../src/carriers/lan/lan-http.ts";
import { testMessage } from "../../support/envelopes.ts";
import { speakingIdentity, startServer } from "../http/fixture.ts";

let server: Server | undefined;
const sockets: Socket[] = [];
afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    server?.close();
});

/** Answers every connection with these bytes. */
async function liar(answer: (socket: Socket) => void) {
    const listening = createServer((socket) => {
        sockets.push(socket);
        socket.on("error", () => undefined);
        answer(socket);
    });
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    const address = listening.address();
    return { host: "127.0.0.1", port: typeof address === "object" && address ? address.port : 0 };
}

const challenge = new Uint8Array(32).fill(3);

describe("calls on the LAN", () => {
    it("speak to an embedded server as Ember's clients do", async () => {
        const { port } = await startServer({ mode: "embedded", identity: speakingIdentity });
        const address = { host: "127.0.0.1", port };
        expect(await lanCalls.identity(address, challenge)).toEqual({ ok: true, value: new Uint8Array(64).fill(3) });
        const mine = testMessage(1, { routingKey: speakingIdentity.routingKey });
        const results = await lanCalls.submit(address, [mine.payload, testMessage(2).payload]);
        expect(results).toMatchObject({ ok: true, value: [{ status: "ok" }, { error: "Routing key mismatch" }] });
    });

    it("are turned away by nobody there, by nonsense and by answers without end", async () => {
        const bad = async (answer: string) => {
            const address = await liar((socket) => void socket.write(answer));
            const result = await lanCalls.identity(address, challenge);
            server?.close();
            return result.ok ? "good" : result.error.text;
        };
        const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
        expect(await bad(`${head}Content-Length: 2\r\n\r\n{}`)).toBe("no signature in the answer");
        expect(await bad(`${head}Content-Length: 2\r\n\r\nxx`)).toBe("an answer that is no JSON");
        expect(await bad(`${head}\r\n${"x".repeat(5_000)}`)).toBe("an answer that is too long");
        expect(await bad("HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n")).toBe(
            "status 302",
        );
        expect(await bad("SSH-2.0-x\r\n")).toContain("Parse Error");
        const nobody = await liar(() => undefined);
        server?.close();
        await new Promise((resolve) => setTimeout(resolve, 10));
        expect((await lanCalls.identity(nobody, challenge)).ok).toBe(false);
    });

    it("give a relay that is busy its rest", async () => {
        const address = await liar((socket) => void socket.write("HTTP/1.1 429 X\r\nContent-Length: 0\r\n\r\n"));
        const result = await lanCalls.submit(address, [testMessage(1).payload]);
        expect(result).toMatchObject({ ok: false, error: { isBusy: true } });
    });

    it("do not wait longer than five seconds for a drip", { timeout: 8_000 }, async () => {
        const address = await liar((socket) => {
            socket.write("HTTP/1.1 200 OK\r\n\r\n");
            const timer = setInterval(() => socket.write(" "), 200);
            socket.on("close", () => clearInterval(timer));
        });
        const started = performance.now();
        expect(await lanCalls.identity(address, challenge)).toMatchObject({ ok: false });
        expect(performance.now() - started).toBeLessThan(6_500);
    });
});
