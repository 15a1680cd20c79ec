import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { EmulatedNode } from "../../hw/meshtastic/emulator/emulator.ts";
import { MeshAir } from "../../hw/meshtastic/emulator/mesh-air.ts";
import { serveNode } from "../../hw/meshtastic/emulator/tcp-server.ts";
import { runProgram } from "../../src/app/cli/program.ts";
import { systemClock } from "../../src/app/clock.ts";
import { loadConfig } from "../../src/app/config/load.ts";
import { fromEnvironment, fromToml, type Source } from "../../src/app/config/sources.ts";
import { serveControl } from "../../src/app/control/control-server.ts";
import { makeLog } from "../../src/app/log.ts";
import { openStation, type Station } from "../../src/app/station.ts";
import { makeMailboxClient } from "../../src/carriers/http/mailbox-client.ts";
import { testMessage } from "../support/envelopes.ts";
import { testTerminal } from "../support/test-terminal.ts";

const REAL_MS = 60_000;

function toml(text: string): Source {
    const source = fromToml(text, "hearth.toml");
    if (!source.ok) throw new Error(source.error);
    return source.value;
}

it("reads every [[meshtastic]] and says what is wrong with one", () => {
    const good = toml('[[meshtastic]]\nport = "tcp://hill:4403"\nshare_percent = 5\n[[meshtastic]]\nenabled = false');
    const loaded = loadConfig([fromEnvironment({ HEARTH_MESHTASTIC_2_PORT: "/dev/ttyACM0" }), good]);
    expect(loaded).toMatchObject({
        ok: true,
        value: {
            meshes: [
                {
                    id: "mesh",
                    port: "tcp://hill:4403",
                    channel: 0,
                    pki: true,
                    share: 0.05,
                    channelUseMax: 25,
                    asks: false,
                },
            ],
        },
    });
    const bad = loadConfig([
        fromEnvironment({ HEARTH_MESHTASTIC_1_SPEED: "1" }),
        toml(
            '[[radio]]\nport = "/dev/a"\n[[meshtastic]]\nid = "lora"\nport = "/dev/a"\nchannel = 8\n[[meshtastic]]\nid = "http"\nport = "tcp://x"',
        ),
    ]);
    expect(bad.ok ? [] : bad.error).toEqual([
        "HEARTH_MESHTASTIC_1_SPEED is no setting of a mesh",
        "meshtastic 1: channel in hearth.toml must be a whole number from 0 to 7, not 8",
        "meshtastic 2: tcp://x must be tcp://HOST:PORT",
        "two carriers are called lora: give the mesh its own id",
        "a mesh and another carrier use /dev/a",
        "a mesh cannot be called http: that is another carrier",
    ]);
});

it("two gateways with a node each on TCP exchange a message, and see each other", { timeout: REAL_MS }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "hearth-mesh-"));
    const air = new MeshAir({ clock: systemClock, seed: 1 });
    const nodes = [1, 2].map(
        (number) =>
            new EmulatedNode({ air, clock: systemClock, number, longName: `Hill ${number}`, lora: { hopLimit: 1 } }),
    );
    const [a, b] = nodes;
    if (!a || !b) throw new Error("no nodes");
    a.know(b);
    air.connect(a, b);
    const stations: Station[] = [];
    for (const [index, node] of nodes.entries()) {
        const { port } = await serveNode(node, { host: "127.0.0.1", port: 0 });
        const config = loadConfig([
            toml(`[[meshtastic]]\nport = "tcp://127.0.0.1:${port}"\n[http]\nlisten = "127.0.0.1:0"`),
        ]);
        if (!config.ok) throw new Error(config.error.join());
        stations.push(
            await openStation({
                config: { ...config.value, dataDir: join(folder, String(index)) },
                clock: systemClock,
                log: makeLog({ level: "error", json: false, now: Date.now, write: () => undefined }),
                makeRadios: () => [],
            }),
        );
    }
    const [near, far] = stations;
    if (!near || !far) throw new Error("no stations");
    const { payload, routingKey } = testMessage(1);
    const sent = await makeMailboxClient({ url: near.mailboxUrl, clock: systemClock }).submit([payload]);
    expect(sent.ok).toBe(true);
    const client = makeMailboxClient({ url: far.mailboxUrl, clock: systemClock });
    const count = async (): Promise<number> => {
        const page = await client.fetchAll(routingKey);
        return page.ok ? page.value.payloads.length : 0;
    };
    while ((await count()) === 0) await new Promise((resolve) => setTimeout(resolve, 100));
    const control = await serveControl(folder, { neighbours: () => far.neighbours() });
    const { terminal, out } = testTerminal();
    await runProgram(["neighbours", "--data-dir", folder], terminal);
    expect(out.join("\n")).toMatch(/^mesh {2}!00000001 "Hill 1" {2}direct, SNR [\d.]+ dB, heard \d+ s ago$/);
    await control.close();
    for (const station of stations) await station.stop();
    for (const node of nodes) await node.unplug();
    rmSync(folder, { recursive: true });
});
