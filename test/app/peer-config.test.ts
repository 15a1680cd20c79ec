import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/app/config/load.ts";
import { fromEnvironment, fromToml } from "../../src/app/config/sources.ts";

const KEY = "185a2b40754c7a61efdacdbcf44496fddb6fd527458e90a5679967010e6bbe4f";
const PIN = "spki//sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

function load(text: string, env: Readonly<Record<string, string>> = {}) {
    const source = fromToml(text, "hearth.toml");
    if (!source.ok) throw new Error(source.error);
    return loadConfig([fromEnvironment(env), source.value]);
}

function problemsOf(text: string): readonly string[] {
    const config = load(text);
    return config.ok ? [] : config.error;
}

const good = (more = ""): string => `[[peer]]\nurl = "https://node.example"\npublic_id = "${KEY}"\n${more}\n`;

describe("a peer in the configuration", () => {
    it("needs its address and its key, and sends everything then", () => {
        expect(load(good())).toMatchObject({
            ok: true,
            value: {
                quorum: { kind: "any" },
                peers: [
                    {
                        id: "peer",
                        url: "https://node.example/",
                        sends: true,
                        receipts: true,
                        tier: "quorum",
                        priority: 100,
                        replicates: true,
                        refreshS: 0,
                        fetch: "none",
                        pins: [],
                    },
                ],
            },
        });
    });

    it("can say all of it", () => {
        const lines = [
            'tier = "direct"',
            "priority = 7",
            "replicate = false",
            "refresh_hours = 4",
            'fetch = "yyjyKHfrfcoF1VyM6505jg, cb28f22877eb7dca05d55c8ceb9d398e"',
            "poll_s = 5",
            `pins = "${PIN}, ${PIN}"`,
        ];
        const env = {
            HEARTH_PEER_1_USERNAME: "ember",
            HEARTH_PEER_1_PASSWORD: "right",
            HEARTH_PEER_2_URL: "http://b:1",
            HEARTH_PEER_2_RECEIPTS: "no",
        };
        const all = load(`[delivery]\nquorum = "fraction:0.5"\n${good(lines.join("\n"))}`, env);
        expect(all).toMatchObject({
            ok: true,
            value: {
                quorum: { kind: "fraction", fraction: 0.5 },
                peers: [
                    { tier: "direct", priority: 7, replicates: false, refreshS: 14_400, pollMs: 5_000 },
                    { id: "peer2", url: "http://b:1/", receipts: false },
                ],
            },
        });
        const [first] = all.ok ? all.value.peers : [];
        expect([first?.fetch.length, first?.pins.length, first?.credentials?.username]).toEqual([2, 2, "ember"]);
        expect(first?.fetch[0]).toEqual(first?.fetch[1]);
        const two = load(`${good('fetch = "replication"')}[[peer]]\nurl = "http://b:1"\nreceipts = false`);
        expect(two).toMatchObject({ ok: true, value: { peers: [{ fetch: "replication" }, { id: "peer2" }] } });
    });

    it("never shows a password, neither its own nor one in the address", () => {
        const text = good().replace("https://", "https://alice:tops3cret@");
        for (const config of [load(text), load(good('username = "alice"\npassword = "tops3cret"'))]) {
            expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).not.toContain("tops3cret");
            expect(config.ok && config.value.peers[0]?.credentials?.password.reveal()).toBe("tops3cret");
        }
        expect(problemsOf('[[peer]]\nurl = "ftp://alice:tops3cret@x"').join()).not.toContain("tops3cret");
    });

    it.each([
        ["[[peer]]", "peer: url is missing: name the mailbox"],
        [
            '[[peer]]\nurl = "http://a"',
            "peer peer: say its public_id, so that its receipts can be checked, or receipts = false",
        ],
        ['[[peer]]\nurl = "http://a"\nsend = false\ntier = "direct"', "peer peer: tier direct needs its public_id"],
        [good('username = "a"'), "peer peer: username and password belong together: set both or none"],
        [good(`pins = "${PIN}"`).replace("https", "http"), "peer peer: pins and ca_file need an address with https://"],
        [good('id = "http"'), "http is taken: give the peer an id of its own"],
        [good('fetch = "everything"'), "must be none, replication, or routing keys with commas between"],
        [good('pins = "sha256/x"'), "must be spki//sha256/BASE64 or cert//sha256/BASE64"],
        [`${good()}[delivery]\nquorum = "count:0"`, "must be any, all, count:N"],
    ])("is refused with words: %j", (text, problem) => {
        expect(problemsOf(text).join("\n")).toContain(problem);
    });
});
