import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/app/config/load.ts";
import { RADIO_SETTINGS, SETTINGS, variableOf } from "../../src/app/config/settings.ts";
import { fromEnvironment, fromToml, type Source } from "../../src/app/config/sources.ts";
import { networkKeySlot, networkKeysOf, newNetworkKey } from "../../src/app/network-keys.ts";
import { makePrng } from "../../src/base/prng.ts";

function toml(text: string): Source {
    const source = fromToml(text, "hearth.toml");
    if (!source.ok) throw new Error(source.error);
    return source.value;
}

function problemsOf(...sources: readonly Source[]): readonly string[] {
    const config = loadConfig(sources);
    return config.ok ? [] : config.error;
}

describe("the configuration", () => {
    it("works with nothing said", () => {
        const config = loadConfig([]);
        expect(config).toMatchObject({
            ok: true,
            value: {
                name: "hearth",
                dataDir: "data",
                http: { listen: { host: "127.0.0.1", port: 23003 } },
                radios: [],
            },
        });
    });

    it("takes the command line before the environment before the file", () => {
        const file = toml('name = "file"\nlog_level = "warn"\nregion = "US915"');
        const env = fromEnvironment({ HEARTH_NAME: "env", HEARTH_LOG_LEVEL: "debug" });
        const cli: Source = {
            given: [{ path: "name", value: "cli", where: "--name", words: true }],
            radios: [],
            problems: [],
        };
        const config = loadConfig([cli, env, file]);
        expect(config).toMatchObject({ ok: true, value: { name: "cli", logLevel: "debug", region: "US915" } });
    });

    it("reports every problem at once, each with its place", () => {
        const file = toml(
            'nmae = "x"\nlog_level = "loud"\n[http]\nlisten = "nowhere"\nallow_anonymous = "yes"\n[http.limits]\nsubmit_ip_rps = 1.5\n[mailbox]\nmessages_max = 0\n[[radio]]\nspreading_factor = 13\nspeed = 3',
        );
        const env = fromEnvironment({ HEARTH_HTTP_LISTENN: "x", HEARTH_RADIO_1_SPEED: "3" });
        const problems = problemsOf(env, file);
        expect(problems.join("\n")).toBe(
            [
                "HEARTH_HTTP_LISTENN is no setting of Hearth; did you mean HEARTH_HTTP_LISTEN?",
                "HEARTH_RADIO_1_SPEED is no setting of a radio",
                "nmae in hearth.toml is no setting of Hearth; did you mean name?",
                "radio 1: speed in hearth.toml is no setting of Hearth",
                'log_level in hearth.toml must be one of debug, info, warn, error, not "loud"',
                'http.listen in hearth.toml must be HOST:PORT, e.g. 127.0.0.1:23003 or [::1]:23003, not "nowhere"',
                'http.allow_anonymous in hearth.toml must be true or false, not "yes"',
                "http.limits.submit_ip_rps in hearth.toml must be a whole number from 0 to 1000000, not 1.5",
                "mailbox.messages_max in hearth.toml must be a whole number from 1 to 1000000, not 0",
                "radio 1: spreading_factor in hearth.toml must be a whole number from 5 to 12, not 13",
                "radio: port is missing: name the serial device",
            ].join("\n"),
        );
    });

    it("says where TOML is broken", () => {
        const source = fromToml('name = "a"\nregion = \n', "hearth.toml");
        expect(source).toMatchObject({ ok: false, error: expect.stringContaining("line 2") });
    });

    it("keeps a stranger out: beyond loopback only with a login or a spoken wish", () => {
        const open = toml('[http]\nlisten = "0.0.0.0:23003"');
        expect(problemsOf(open)[0]).toContain("reachable from outside");
        expect(problemsOf(open, fromEnvironment({ HEARTH_HTTP_ALLOW_ANONYMOUS: "true" }))).toEqual([]);
        expect(problemsOf(open, fromEnvironment({ HEARTH_HTTP_USERNAME: "a", HEARTH_HTTP_PASSWORD: "b" }))).toEqual([]);
        expect(problemsOf(open, fromEnvironment({ HEARTH_HTTP_USERNAME: "a" }))).toEqual([
            "http.username and http.password belong together: set both or none",
        ]);
        expect(problemsOf(toml('[http]\nlisten = "[::1]:0"'))).toEqual([]);
    });

    it("never shows a password", () => {
        const config = loadConfig([fromEnvironment({ HEARTH_HTTP_USERNAME: "a", HEARTH_HTTP_PASSWORD: "tops3cret" })]);
        expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).not.toContain("tops3cret");
        const wrong = problemsOf(toml("[http]\nusername = 'a'\npassword = 98765"));
        expect(wrong.join()).toContain("http.password");
        expect(wrong.join()).not.toContain("98765");
        expect(config.ok && config.value.http.credentials?.password.reveal()).toBe("tops3cret");
    });

    it("takes network keys, and never shows one", () => {
        const [first, second] = ["0f".repeat(32), "AB".repeat(32)];
        const config = loadConfig([
            fromEnvironment({ HEARTH_RADIO_1_NETWORK_KEY_NEXT: second }),
            toml(`[[radio]]\nport = "/dev/a"\nnetwork_key = "${first}"`),
        ]);
        expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).not.toMatch(/0f0f|abab/i);
        const network = config.ok ? config.value.radios[0]?.network : undefined;
        expect(network && networkKeysOf(network)).toEqual({
            current: { slot: 0, key: new Uint8Array(32).fill(0x0f) },
            next: { slot: 2, key: new Uint8Array(32).fill(0xab) },
            previous: undefined,
        });
    });

    it("refuses network keys that cannot be together, without a word of them", () => {
        const radio = (text: string) => problemsOf(toml(`[[radio]]\nport = "/dev/a"\n${text}`));
        const [first, alike] = ["0f".repeat(32), "3f".repeat(32)];
        expect(radio('network_key = "0f0f"')).toEqual(["radio 1: network_key in hearth.toml must be 64 hex digits"]);
        expect(radio(`network_key_next = "${first}"`)[0]).toContain("network_key is missing");
        const problems = radio(`network_key = "${first}"\nnetwork_key_previous = "${alike}"`);
        expect(problems).toHaveLength(1);
        expect(problems[0]).toContain("same slot");
        expect(problems[0]).not.toMatch(/0f0f|3f3f/);
    });

    it("makes network keys that can follow the present ones", () => {
        const random = makePrng(3);
        const entropy = { fill: (target: Uint8Array) => target.set(Array.from(target, () => random() * 256)) };
        for (let round = 0; round < 50; round++) {
            const keys: string[] = [];
            for (let each = 0; each < 4; each++) keys.push(newNetworkKey(entropy, keys));
            expect(new Set(keys.map(networkKeySlot)).size).toBe(4);
            for (const key of keys) expect(key).toMatch(/^[0-9a-f]{64}$/);
        }
    });

    it("lets variables make and fill in radios, and refuses two of the same", () => {
        const file = toml('[[radio]]\nport = "/dev/a"\n[[radio]]\nport = "/dev/a"\nid = "lora"');
        expect(problemsOf(file)).toEqual(["two radios are called lora: give each its own id", "two radios use /dev/a"]);
        const env = fromEnvironment({
            HEARTH_RADIO_2_PORT: "/dev/b",
            HEARTH_RADIO_2_ID: "hill",
            HEARTH_RADIO_2_BINARY: "on",
        });
        expect(loadConfig([env, file])).toMatchObject({
            ok: true,
            value: {
                radios: [
                    { id: "lora", port: "/dev/a" },
                    { id: "hill", port: "/dev/b", binary: true },
                ],
            },
        });
    });

    it("gives every setting a meaning: a value other than the default changes the result", () => {
        const before = JSON.stringify(loadConfig([]));
        for (const { path, kind, fallback, check: _ } of SETTINGS) {
            if (path.startsWith("http.username") || path.startsWith("http.password")) continue;
            const value =
                kind === "boolean"
                    ? String(!fallback)
                    : kind === "integer"
                      ? String(Number(fallback) + 1025)
                      : other(path);
            const env = fromEnvironment({ [variableOf(path)]: value });
            const after = loadConfig([env]);
            expect(after, `${path} = ${value}`).toMatchObject({ ok: true });
            expect(JSON.stringify(after), path).not.toBe(before);
        }
    });

    it("names each variable once", () => {
        const names = SETTINGS.map(({ path }) => variableOf(path));
        expect(new Set(names).size).toBe(names.length);
        expect(RADIO_SETTINGS.every(({ help }) => help.length > 10)).toBe(true);
    });

    it("never throws, whatever the file and the environment hold", () => {
        fc.assert(
            fc.property(fc.string(), fc.dictionary(fc.string(), fc.string()), (text, env) => {
                const source = fromToml(text, "x.toml");
                loadConfig([fromEnvironment(env), ...(source.ok ? [source.value] : [])]);
            }),
        );
        const keys = fc.constantFrom(
            ...SETTINGS.map(({ path }) => variableOf(path)),
            "HEARTH_RADIO_1_PORT",
            "HEARTH_RADIO_99_ID",
        );
        fc.assert(
            fc.property(fc.dictionary(keys, fc.string()), (env) => {
                loadConfig([fromEnvironment(env)]);
            }),
        );
    });
});

function other(path: string): string {
    if (path === "log_level") return "debug";
    if (path === "region") return "EU433";
    if (path === "lan.contacts") return `${"ab".repeat(32)}, ${"cd".repeat(32)}`;
    return path.endsWith(".listen") ? "localhost:1" : "else";
}

describe("problems of different kinds", () => {
    it("are reported together: what does not exist, what does not fit, what is left out", () => {
        const file = toml(
            'region = "ATLANTIS"\nname = 5\n[http]\nlisten = "0.0.0.0:1"\n[[radio]]\nid = "http"\nport = "/dev/a"\n[[radio]]\nport = "/dev/a"',
        );
        const found = problemsOf(file).join("\n");
        expect(found).toContain("region in hearth.toml must be one of EU868, ");
        expect(found).toContain("name in hearth.toml must be");
        expect(found).toContain("http.listen 0.0.0.0 is reachable from outside");
        expect(found).toContain("a radio cannot be called http");
        expect(found).toContain("two radios use /dev/a");
        expect(problemsOf(file)).toHaveLength(5);
    });

    it("do not follow from each other", () => {
        const file = toml(
            '[http]\nlisten = "here"\nusername = "a:b"\npassword = 7\n[[radio]]\nid = 1\n[[radio]]\nid = 1',
        );
        expect(problemsOf(file).filter((problem) => /belong together|reachable|called/.test(problem))).toEqual([]);
    });
});
