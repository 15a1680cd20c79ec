/**
 * Which room may import which: docs/ARCHITECTURE.md as data. A path belongs to the first room whose prefix it has.
 * `imports` are rooms or single files beyond its own; `types` are those of which only types may be taken.
 */
export interface Room {
    readonly prefix: string;
    /** No clock, timer, randomness, process or node:* in here. */
    readonly pure?: true;
    readonly imports: readonly string[] | "everything";
    readonly types?: readonly string[];
    /** Packages that code in here may import; undefined means all that no other room owns. */
    readonly packages?: readonly string[];
}

const NOBLE = ["@noble/ciphers", "@noble/curves", "@noble/hashes"];

export const ROOMS: readonly Room[] = [
    { prefix: "src/base/", pure: true, imports: [], packages: [] },
    { prefix: "src/wire/", pure: true, imports: ["src/base/"], packages: [] },
    { prefix: "src/crypto/node/", imports: ["src/base/", "src/wire/", "src/crypto/"] },
    { prefix: "src/crypto/", pure: true, imports: ["src/base/", "src/wire/"], packages: NOBLE },
    {
        prefix: "src/link/",
        pure: true,
        imports: ["src/base/", "src/wire/", "profiles/"],
        types: ["hw/modem.ts"],
        packages: [],
    },
    {
        prefix: "src/relay/",
        pure: true,
        imports: ["src/base/", "src/wire/", "src/crypto/"],
        types: ["src/depot/store.ts", "src/carriers/carrier.ts"],
        packages: [],
    },
    { prefix: "src/depot/sqlite/", imports: ["src/base/", "src/depot/"] },
    { prefix: "src/depot/", imports: ["src/base/"], packages: [] },
    {
        prefix: "src/carriers/",
        imports: ["src/base/", "src/wire/", "src/crypto/", "src/link/", "src/carriers/carrier.ts"],
        types: [
            "hw/modem.ts",
            // A mesh's node is more than a modem.
            ...["errors", "lora", "messages", "node", "session-types"].map((file) => `hw/meshtastic/${file}.ts`),
        ],
    },
    // The only room that names concrete classes of other rooms.
    { prefix: "src/app/", imports: "everything" },
    { prefix: "profiles/", imports: [] },
    { prefix: "src/main.ts", imports: ["src/app/", "src/base/"] },
    {
        prefix: "hw/",
        imports: ["src/base/", "src/link/airtime.ts"],
        types: ["src/link/law.ts"],
    },
];

/** Packages that one room alone may import. */
export const PACKAGE_OWNERS: Readonly<Record<string, string>> = {
    "better-sqlite3": "src/depot/sqlite/",
    mqtt: "src/carriers/mqtt/",
};

export function roomOf(path: string): Room | undefined {
    return ROOMS.find(({ prefix }) => path.startsWith(prefix));
}

/** The folder that counts as "itself": each carrier is a room of its own, and nothing crosses from one to the next. */
export function homeOf(path: string): string {
    return /^src\/carriers\/[^/]+\//.exec(path)?.[0] ?? roomOf(path)?.prefix ?? "";
}
