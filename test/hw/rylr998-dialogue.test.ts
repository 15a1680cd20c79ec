import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { settingProblems } from "../../hw/rylr998/commands.ts";
import { DATA_BYTES_MAX, DialogueReader, LINE_BYTES_MAX, type Said } from "../../hw/rylr998/dialogue.ts";
import { isAboutReceiving, meaningOf } from "../../hw/rylr998/errors.ts";
import { BASE64_TEXT, BINARY_TEXT } from "../../hw/rylr998/payload-text.ts";
import { PARAMS } from "../support/emulated-module.ts";

function bytes(text: string): Uint8Array {
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

function read(text: string): readonly Said[] {
    return new DialogueReader().push(bytes(text));
}

describe("the dialogue", () => {
    it.each<[string, readonly Said[]]>([
        ["+OK\r\n", [{ kind: "ok" }]],
        ["+ERR=17\r\n", [{ kind: "error", code: 17 }]],
        ["+READY\r\n", [{ kind: "ready" }]],
        ["+RESET\r\n+READY\r\n", [{ kind: "value", name: "RESET", value: "" }, { kind: "ready" }]],
        ["+PARAMETER=9,7,1,12\r\n", [{ kind: "value", name: "PARAMETER", value: "9,7,1,12" }]],
        ["+RCV=50,5,HELLO,-99,40\r\n", [{ kind: "received", from: 50, data: bytes("HELLO"), rssiDbm: -99, snrDb: 40 }]],
        [
            "+RCV=50,11,a,b\r\n+OK\r\n\u00ff,-9,-4\r\n+OK\r\n",
            [
                {
                    kind: "received",
                    from: 50,
                    data: bytes("a,b\r\n+OK\r\n\u00ff").slice(0, 11),
                    rssiDbm: -9,
                    snrDb: -4,
                },
                { kind: "ok" },
            ],
        ],
        ["+RCV=0,0,,-1,1\r\n", [{ kind: "received", from: 0, data: new Uint8Array(0), rssiDbm: -1, snrDb: 1 }]],
        ["\u0000\u00ff?\r\n+OK\r\n", [{ kind: "noise", size: 5 }, { kind: "ok" }]],
        ["+RCV=1,241,x\r\n+OK\r\n", [{ kind: "noise", size: 14 }, { kind: "ok" }]],
        ["+RCV=1,3,abcdef,-1,1\r\n+OK\r\n", [{ kind: "noise", size: 22 }, { kind: "ok" }]],
        ["+RCV=99999,1,a,-1,1\r\n+OK\r\n", [{ kind: "noise", size: 21 }, { kind: "ok" }]],
    ])("%j", (text, said) => expect(read(text)).toEqual(said));

    it("says the same however the bytes are cut, and never holds more than a line", () => {
        const words = fc.constantFrom(
            "+OK\r\n",
            "+RCV=5,3,abc,-9,7\r\n",
            "+RCV=5,9,",
            "+ERR=4\r\n",
            "+READY\r\n",
            "\r\n",
            ",-9,7\r\n",
        );
        const stream = fc
            .array(
                fc.oneof(
                    words,
                    fc.uint8Array({ maxLength: 700 }).map((b) => String.fromCharCode(...b)),
                ),
            )
            .map((parts) => bytes(parts.join("")));
        fc.assert(
            fc.property(stream, fc.array(fc.nat({ max: 80 })), (all, cuts) => {
                const pieces = new DialogueReader();
                const said: Said[] = [];
                let at = 0;
                for (const cut of cuts) {
                    said.push(...pieces.push(all.subarray(at, at + cut)));
                    at += cut;
                }
                said.push(...pieces.push(all.subarray(at)));
                expect(said).toEqual(new DialogueReader().push(all));
            }),
            { numRuns: 300 },
        );
    });

    it("drops a flood without a line end", () => {
        const reader = new DialogueReader();
        const said = reader.push(new Uint8Array(LINE_BYTES_MAX * 4).fill(65));
        expect(said).toEqual(Array(4).fill({ kind: "noise", size: LINE_BYTES_MAX }));
        expect(reader.push(bytes("+OK\r\n"))).toEqual([{ kind: "ok" }]);
    });
});

describe("frames as data of a command", () => {
    it.each([BASE64_TEXT, BINARY_TEXT])("come back as they were", (text) => {
        fc.assert(
            fc.property(fc.uint8Array({ maxLength: text.frameSizeMax }), (frame) => {
                const data = text.encode(frame);
                expect(data.length).toBe(text.textSize(frame.length));
                expect(data.length).toBeLessThanOrEqual(DATA_BYTES_MAX);
                expect(text.decode(data)).toEqual(frame);
            }),
        );
    });

    it("of other programs are not taken for ours", () => {
        expect(BASE64_TEXT.decode(bytes("Hello!"))).toBeUndefined();
    });
});

describe("settings", () => {
    const good = { params: PARAMS, address: 1, networkId: 18 };

    it("that fit have no problem", () => expect(settingProblems(good)).toEqual([]));

    it.each<[{ params?: Partial<typeof PARAMS>; address?: number; networkId?: number }, string]>([
        [{ params: { spreadingFactor: 10 } }, "spreading factor"],
        [{ params: { bandwidthHz: 62_500 } }, "bandwidth"],
        [{ params: { preambleSymbols: 3 } }, "preamble"],
        [{ params: { preambleSymbols: 16 }, networkId: 5 }, "network 18"],
        [{ params: { powerDbm: 23 } }, "power"],
        [{ address: 0 }, "address"],
        [{ networkId: 16 }, "network id"],
    ])("%j are refused", (change, word) => {
        const settings = { ...good, ...change, params: { ...PARAMS, ...change.params } };
        expect(settingProblems(settings).join()).toContain(word);
    });
});

it("every error number of the guide has a meaning, and three of them answer no command", () => {
    for (const code of [1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20])
        expect(meaningOf(code)).not.toContain("unknown to");
    expect([11, 12, 13, 17, 19].filter(isAboutReceiving)).toEqual([11, 12, 19]);
});
