import { base64, openOther } from "./rig.ts";

/** Floods a broker with what nobody wants, then with one message that is wanted. `flood-child.ts URL COUNT TOPIC PAYLOAD`. */
const [url = "", count = "", topic = "", payload = ""] = process.argv.slice(2);
const { client } = await openOther(url);
const kinds = [
    (number: number) => ["ember/v1/messages/", `${number}`.repeat(20)],
    (number: number) => [`ember/v1/messages/${number.toString(16).padStart(32, "0")}`, "Q".repeat(2_000)],
    (number: number) => [`ember/v1/messages/a/b/${number}`, base64(new Uint8Array(500).fill(7))],
    (number: number) => ["ember/v1/ack-tombstones", base64(Uint8Array.of(2, number & 0xff))],
] as const;
const WINDOW = 500;
let waiting: Promise<unknown>[] = [];
for (let number = 0; number < Number(count); number++) {
    const [where = "", text = ""] = (kinds[number % kinds.length] ?? kinds[0])(number);
    waiting.push(client.publishAsync(where, text, { qos: (number % 2) as 0 | 1 }));
    if (waiting.length < WINDOW) continue;
    await Promise.all(waiting);
    waiting = [];
}
await Promise.all(waiting);
await client.publishAsync(topic, payload, { qos: 1 });
await client.endAsync();
