import { parse } from "smol-toml";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../../src/app/config/load.ts";
import { SETTINGS } from "../../../src/app/config/settings.ts";
import { fromToml } from "../../../src/app/config/sources.ts";
import {
    EMBER_FILE_KEYS,
    EMBER_NAMES,
    emberVariableOf,
    fromEmberEnvironment,
    fromEmberOptions,
} from "../../../src/app/ember-node/names.ts";
import { translate } from "../../../src/app/ember-node/translate.ts";

const of = (toml: string, said: ReadonlyMap<string, unknown> = new Map()) => translate(parse(toml), said);

describe("the configuration of Ember's node in Hearth's words", () => {
    it("has every plain setting, and what comes out is a Hearth configuration", () => {
        const { tree, problems, storagePath } = of(`
            bind_addr = "0.0.0.0:3000"
            max_messages = 77
            default_ttl = 7200
            log_level = "trace"
            node_id = "attic"
            storage_path = "/srv/ember.db"
            max_body_size = 4096
            max_batch_size = 9
            [rate_limit]
            submit_ip_rps = 3
            fetch_key_burst = 8
            [lan_discovery]
            enabled = true
            [tls]
            enabled = false
            cert_path = "x"
        `);
        expect(problems).toEqual([]);
        expect(storagePath).toBe("/srv/ember.db");
        const lines = Object.entries(flat(tree)).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
        const source = fromToml(lines.join("\n"), "x");
        const config = source.ok ? loadConfig([source.value]) : source;
        expect(config).toMatchObject({
            ok: true,
            value: {
                name: "attic",
                dataDir: "/srv/ember.db.hearth",
                logLevel: "debug",
                http: {
                    listen: { host: "0.0.0.0", port: 3000 },
                    allowAnonymous: true,
                    framesMax: 9,
                    bodyBytesMax: 4096,
                },
                mailbox: { mailboxMessagesMax: 77, ttlDefaultS: 7200 },
                lan: { enabled: true, acceptRelay: true },
            },
        });
    });

    it("asks for the login that Ember asked for, and no other", () => {
        const { tree } = of('auth_username = "a"\nauth_password = "b"');
        expect(tree).toMatchObject({ http: { username: "a", password: "b", listen: "0.0.0.0:23003" } });
        expect(JSON.stringify(tree)).not.toContain("allow_anonymous");
        expect(JSON.stringify(of("").tree)).toContain("allow_anonymous");
    });

    it("has peers, brokers and hosts", () => {
        const { tree, problems } = of(
            `
            public_host = "node.example"
            additional_hosts = ["a.example:1", "b.example"]
            [[peers.http]]
            url = "https://one.example"
            cert_pin = "spki//sha256/AAAA"
            node_pubkey = "KEY="
            tier = "best_effort"
            priority = 5
            label = "The First!"
            [[peers.http]]
            url = "http://two.example"
            [mqtt]
            topic_prefix = "p/v1"
            [[mqtt.brokers]]
            url = "mqtt://broker"
            client_id = "c"
            username = "u"
            password = "w"
        `,
            new Map([["peers_list", ["http://three.example"]]]),
        );
        expect(problems).toEqual([]);
        expect(tree).toMatchObject({ http: { public_hosts: "node.example,a.example:1,b.example" } });
        expect(tree["peer"]).toEqual([
            {
                id: "the-first",
                url: "https://one.example",
                pins: "spki//sha256/AAAA",
                public_id: "KEY=",
                tier: "besteffort",
                priority: 5,
                receipts: true,
            },
            { id: "peer2", url: "http://two.example", receipts: false },
            { id: "peer3", url: "http://three.example", receipts: false },
        ]);
        expect(tree["mqtt"]).toEqual([
            { id: "mqtt", url: "mqtt://broker", client_id: "c", username: "u", password: "w", topic_prefix: "p/v1" },
        ]);
    });

    it("lets the command line win over variables and those over the file", () => {
        const environment = fromEmberEnvironment({ EMBER_NODE_PORT: "4000", EMBER_NODE_ID: "env", HOME: "x" });
        expect(environment.problems).toEqual([]);
        const options = fromEmberOptions({ nodeId: "flag", cleanupDisabled: undefined });
        const { tree } = of('node_id = "file"\nbind_addr = "1.2.3.4:5"', new Map([...environment.values, ...options]));
        expect(tree).toMatchObject({ name: "flag", http: { listen: "0.0.0.0:4000" } });
    });

    it("refuses by name what it cannot do and what nobody knows", () => {
        const { problems } = of(`
            default_ttl = 100
            colour = "red"
            [cleanup]
            enabled = false
            interval = 4
            [tls]
            enabled = true
            [[peers.http]]
            url = "http://x"
            speed = 3
            [[peers.mqtt]]
            url = "mqtt://y"
        `);
        const all = problems.join("\n");
        for (const name of ["default_ttl", "colour", "cleanup.enabled", "cleanup.interval", "tls.enabled"]) {
            expect(all).toContain(name);
        }
        expect(all).toContain("peers.http.speed");
        expect(all).toContain("peers.mqtt");
        expect(problems).toHaveLength(7);
        expect(fromEmberEnvironment({ EMBER_NODE_STORAGE: "x" }).problems).toEqual([
            "EMBER_NODE_STORAGE is no variable of Ember's node",
        ]);
    });

    it("says what changes its meaning or loses it", () => {
        const { notes } = of("[rate_limit]\nsubmit_ip_rps = 10\n[cleanup]\ninterval_secs = 9");
        expect(notes.join("\n")).toContain("rate_limit.submit_ip_rps = 10 now means 10 a second");
        expect(notes.join("\n")).toContain("cleanup.interval_secs has no effect");
    });
});

const SAMPLES = { integer: 7200, boolean: false, list: ["a"], text: "text" };

it.each(EMBER_NAMES)("$key is taken care of, and leads to settings that there are", ({ key, kind }) => {
    const known = [...SETTINGS.map(({ path }) => path), "peer", "mqtt", "http.public_hosts"];
    const { tree } = translate({}, new Map([[key, SAMPLES[kind]]]));
    expect(known).toEqual(expect.arrayContaining(Object.keys(flat(tree))));
});

it("no two names of Ember's node share a variable", () => {
    const variables = EMBER_NAMES.flatMap((name) => emberVariableOf(name) ?? []);
    expect(new Set(variables).size).toBe(variables.length);
    expect(EMBER_FILE_KEYS.has("rate_limit.fetch_key_burst")).toBe(true);
});

function flat(tree: Readonly<Record<string, unknown>>, prefix = ""): Record<string, unknown> {
    return Object.fromEntries(
        Object.entries(tree).flatMap(([key, value]) =>
            typeof value === "object" && value !== null && !Array.isArray(value)
                ? Object.entries(flat(value as Record<string, unknown>, `${prefix}${key}.`))
                : [[prefix + key, value]],
        ),
    );
}
