import { inspect } from "node:util";
import { expect, it } from "vitest";
import { BROKER_SETTINGS } from "../../src/app/config/broker-settings.ts";
import { loadConfig } from "../../src/app/config/load.ts";
import { fromEnvironment, fromToml, type Source } from "../../src/app/config/sources.ts";

function toml(text: string): Source {
    const source = fromToml(text, "hearth.toml");
    if (!source.ok) throw new Error(source.error);
    return source.value;
}

function problemsOf(...sources: readonly Source[]): readonly string[] {
    const config = loadConfig(sources);
    return config.ok ? [] : config.error;
}

it("brokers come from the file and the environment, each with a name of its own", () => {
    const file = toml('[[mqtt]]\nurl = "mqtt://a"\n[[mqtt]]\nurl = "mqtts://b"\nhome_assistant = true');
    const env = fromEnvironment({ HEARTH_MQTT_2_USERNAME: "u", HEARTH_MQTT_2_PASSWORD: "p" });
    const config = loadConfig([env, file]);
    expect(config).toMatchObject({
        ok: true,
        value: {
            radios: [],
            brokers: [
                { id: "mqtt", place: { shown: "mqtt://a:1883" }, prefix: "ember/v1", subscribed: "all", state: true },
                { id: "mqtt2", place: { tls: true, port: 8883 }, login: { username: "u" }, homeAssistant: true },
            ],
        },
    });
});

it("routing keys and pins are read as they are written", () => {
    const key = "36ed029d14fae59fc5524d6e2e5d5cc8";
    const pin = `spki//sha256/${Buffer.alloc(32, 7).toString("base64")}`;
    const config = loadConfig([
        toml(`[[mqtt]]\nurl = "mqtts://a"\nsubscribe = "${key}, ${key.toUpperCase()}"\npin = "${pin}"`),
    ]);
    expect(config.ok && config.value.brokers[0]).toMatchObject({
        subscribed: [Uint8Array.from(Buffer.from(key, "hex")), Uint8Array.from(Buffer.from(key, "hex"))],
        pin: { kind: "spki", hash: new Uint8Array(32).fill(7) },
    });
});

it.each([
    ["", "mqtt: url is missing: name the broker"],
    ['url = "http://u:topsecret@a"', "url in hearth.toml must be an address like mqtt://host:1883"],
    ['url = "mqtt://a"\nsubscribe = "some"', "must be all, none, or routing keys"],
    ['url = "mqtt://a"\nsubscribe = "36ed"', "must be all, none, or routing keys"],
    ['url = "mqtt://a"\ntopic_prefix = "a/#"', "must be a topic of 1 to 200 characters"],
    ['url = "mqtt://a"\nusername = "u"', "username and password belong together"],
    ['url = "mqtt://a"\npin = "spki//sha256/AAAA"', "must be spki//sha256/BASE64"],
    ['url = "mqtt://a"\nca_file = "ca.pem"', "need an address with mqtts://"],
    ['url = "mqtt://a"\nstate = false\nhome_assistant = true', "home_assistant needs state"],
    ['url = "mqtt://a"\nid = "http"', "http is taken"],
    ['url = "mqtt://a"\nid = "lora"\n[[radio]]\nport = "/dev/a"', "lora is taken"],
    ['url = "mqtt://a"\nid = "x"\n[[mqtt]]\nurl = "mqtt://b"\nid = "x"', "x is taken"],
    ['url = "mqtt://a"\nfast = true', "mqtt 1: fast in hearth.toml is no setting of Hearth"],
])("%j is told apart", (lines, problem) => {
    const problems = problemsOf(toml(`[[mqtt]]\n${lines}`));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
    expect(problems.join()).not.toContain("topsecret");
});

it("a list that is none, too many brokers and misspelt variables are problems", () => {
    expect(problemsOf(toml('mqtt = "mqtt://a"'))).toEqual(["mqtt in hearth.toml must be written [[mqtt]]"]);
    expect(problemsOf(toml('[[mqtt]]\nurl = "mqtt://a"\n'.repeat(9)))).toEqual([
        "9 mqtts are more than the 8 that one gateway drives",
    ]);
    expect(problemsOf(fromEnvironment({ HEARTH_MQTT_1_SPEED: "1" }))).toEqual([
        "HEARTH_MQTT_1_SPEED is no setting of a broker",
    ]);
});

it("no password is shown, wherever it was written", () => {
    const config = loadConfig([toml('[[mqtt]]\nurl = "mqtt://ada:tops3cret@a"')]);
    expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).not.toContain("tops3cret");
    expect(config.ok && config.value.brokers[0]?.login?.password.reveal()).toBe("tops3cret");
    expect(BROKER_SETTINGS.every(({ help }) => help.length > 10)).toBe(true);
});
