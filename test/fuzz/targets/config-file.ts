import { loadConfig } from "../../../src/app/config/load.ts";
import { fromToml } from "../../../src/app/config/sources.ts";
import type { FuzzTarget } from "../target.ts";

const FILE = `name = "hill"
region = "EU868"
[http]
listen = "127.0.0.1:23003"
[http.limits]
submit_ip_rps = 10
[mailbox]
messages_max = 1000
[[radio]]
port = "/dev/ttyUSB0"
spreading_factor = 9
binary = false
`;

/** The operator's file, damaged by an SD card or by hand. */
export const target: FuzzTarget = {
    name: "config-file",
    corpus: () => [new TextEncoder().encode(FILE)],
    run(bytes) {
        const source = fromToml(new TextDecoder().decode(bytes), "hearth.toml");
        if (!source.ok) {
            if (source.error === "") throw new Error("a problem without words");
            return;
        }
        const config = loadConfig([source.value]);
        if (!config.ok && (config.error.length === 0 || config.error.includes("")))
            throw new Error("a problem without words");
    },
};
