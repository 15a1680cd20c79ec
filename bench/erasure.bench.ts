import { makePrng } from "../src/base/prng.ts";
import { SymbolSet } from "../src/link/erasure/symbol-set.ts";
import { repairSymbol, SOURCES_MAX, sourceSymbols } from "../src/link/erasure/symbols.ts";
import type { Bench } from "./figure.ts";

const BODY_BYTES = 1_000_000;
const SYMBOL_BYTES = 200;
const LOSSES = [0, 0.3, 0.5];
const SEED = 1;
const PASSES = 8;
/** Megabytes a second, in the largest blocks; a thousand times the fastest LoRa. */
const AIM_MB_PER_S = 2;

export const bench: Bench = {
    title: `the erasure code: split, lose, repair and reassemble 1 MB in symbols of ${SYMBOL_BYTES} bytes, 32 a block (seed ${SEED})`,
    async run(report) {
        const random = makePrng(SEED);
        const body = Uint8Array.from({ length: BODY_BYTES }, () => random() * 256);
        for (const loss of LOSSES) {
            carry(body, loss);
            const started = performance.now();
            for (let pass = 0; pass < PASSES; pass++) carry(body, loss);
            const seconds = (performance.now() - started) / 1000;
            const value = (PASSES * BODY_BYTES) / 1e6 / seconds;
            report({ name: `erasure.loss${loss * 100}`, value, unit: "MB/s", target: AIM_MB_PER_S, better: "higher" });
        }
    },
};

function carry(body: Uint8Array, loss: number): void {
    const random = makePrng(SEED);
    const blockBytes = SOURCES_MAX * SYMBOL_BYTES;
    for (let from = 0; from < body.length; from += blockBytes) {
        const block = body.subarray(from, from + blockBytes);
        const sources = sourceSymbols(block, SYMBOL_BYTES);
        const set = new SymbolSet({ count: sources.length, size: SYMBOL_BYTES });
        for (let id = 0; !set.isWhole; id++) {
            // Lost repair symbols were made as well, so they are made here too.
            const symbol = sources[id] ?? repairSymbol(sources, SYMBOL_BYTES, id);
            if (random() >= loss) set.add(id, symbol);
        }
        const [whole] = set.solve();
        if (!whole || Buffer.compare(whole, block) !== 0) throw new Error("the block is wrong");
    }
}
