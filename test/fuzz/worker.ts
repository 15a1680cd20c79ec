import { parentPort, workerData } from "node:worker_threads";
import { runCampaign } from "./campaign.ts";
import { loadTarget } from "./load.ts";

/** What the watching thread hands over. `input` holds the size of the running input, then its bytes. */
export interface WorkerOrder {
    readonly name: string;
    readonly seed: number;
    readonly runsMax: number;
    readonly msMax: number;
    readonly beat: SharedArrayBuffer;
    readonly input: SharedArrayBuffer;
}

const order = workerData as WorkerOrder;
const beat = new Int32Array(order.beat);
const input = new Uint8Array(order.input);

const result = await runCampaign(await loadTarget(order.name), {
    ...order,
    beforeRun: (bytes) => {
        input.set(bytes.subarray(0, input.length));
        Atomics.store(beat, 1, Math.min(bytes.length, input.length));
        Atomics.add(beat, 0, 1);
    },
});
parentPort?.postMessage(result);
