import { halfSipHash } from "../../../src/link/sketch/half-siphash.ts";
import { MESSAGE_SIZE_MAX } from "../../../src/link/sketch/message.ts";
import { makeReconciler } from "../../../src/link/sketch/reconciler.ts";
import { islands, meet } from "../../link/sketch/meet.ts";
import type { FuzzTarget } from "../target.ts";

const BOTH = islands(1, { shared: 20, near: 5, far: 4 });
const HALVED = islands(2, { shared: 5, near: 40, far: 40 });

/** Messages of a comparison, to both roles: the one that answers and the one that asks. */
export const target: FuzzTarget = {
    name: "sketch",
    corpus: () => [...meet(BOTH).lines, ...meet(HALVED).lines].map(({ bytes }) => bytes),
    run(bytes) {
        for (const { near, salt } of [BOTH, HALVED]) {
            const end = makeReconciler({ ids: near, salt, hash: halfSipHash });
            const steps = [end.handle(bytes), end.handle(bytes)];
            end.start();
            steps.push(end.handle(bytes), end.handle(bytes));
            for (const { replies, missingThere } of steps) {
                if (replies.some(({ length }) => length > MESSAGE_SIZE_MAX)) throw new Error("a reply too long");
                if (missingThere.some((id) => !near.includes(id))) throw new Error("an id that nobody has");
            }
        }
    },
};
