import { utf8 } from "../base/bytes.ts";
import type { NetworkMemory } from "../carriers/lora/keyed-frames.ts";
import type { Depot } from "../depot/store.ts";

/** What a radio's network key needs over a restart, in the depot beside the link's own state: names of radios have no blanks. */
export function networkMemory(radio: string, depot: Depot): NetworkMemory {
    const [counter, peers] = [`${radio} counter`, `${radio} peers`];
    return {
        counter() {
            const text = new TextDecoder().decode(depot.links.load(counter) ?? new Uint8Array(0));
            return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
        },
        reserve: (end) =>
            depot.commit(() => {
                if (!depot.links.save(counter, utf8(String(end)))) throw new Error("the depot keeps too many links");
            }),
        loadPeers: () => depot.links.load(peers),
        async savePeers(state) {
            await depot.commit(() => depot.links.save(peers, state)).catch(() => false);
        },
    };
}
