import type { Millis } from "../../base/time.ts";
import type { PollFrame, TeachFrame } from "../frame/control.ts";
import type { RepairFrame, SingleFrame, SourceFrame } from "../frame/frame.ts";
import type { LinkEffect } from "../link.ts";
import type { Answers } from "./answers.ts";
import type { Assemblies } from "./assemblies.ts";
import type { Assembly } from "./assembly.ts";
import type { Blocks } from "./blocks.ts";
import type { Knowledge } from "./knowledge.ts";
import type { Neighbours } from "./neighbours.ts";

export interface ArrivalsParts {
    readonly neighbours: Neighbours;
    readonly knowledge: Knowledge;
    readonly blocks: Blocks;
    readonly assemblies: Assemblies;
    readonly answers: Answers;
}

/** The receiving side: frames become blocks, blocks become payloads for the depot. */
export class Arrivals {
    readonly #parts: ArrivalsParts;

    constructor(parts: ArrivalsParts) {
        this.#parts = parts;
    }

    onSingle({ alias, block }: SingleFrame, now: Millis): readonly LinkEffect[] {
        const { blocks, answers, neighbours } = this.#parts;
        neighbours.meter(alias).heardOne();
        const { read, check, effects } = blocks.read(
            { bodies: [block], isNeighbours: neighbours.isKnownAlias(alias) },
            now,
        );
        if (read === "damaged") return [{ kind: "count", what: "block_damaged" }];
        if (read === "busy") return [{ kind: "count", what: "block_refused" }];
        answers.about(alias, { check });
        return effects;
    }

    onSymbol(frame: SourceFrame | RepairFrame, now: Millis): readonly LinkEffect[] {
        const { assemblies, answers, neighbours } = this.#parts;
        neighbours.meter(frame.alias).heard(frame);
        const found = assemblies.find(frame, now);
        if (found.kind === "misfit") return [{ kind: "count", what: "frame_misfit" }];
        if (found.kind === "closed") {
            if (!answers.isTold(frame.alias, found.check)) answers.about(frame.alias, { check: found.check });
            return [];
        }
        found.assembly.add(frame, now);
        answers.about(frame.alias, { slot: frame.slot });
        return this.#finish(found.assembly, now);
    }

    onPoll({ alias, blocks: asked }: PollFrame, now: Millis): readonly LinkEffect[] {
        const { blocks, assemblies, answers } = this.#parts;
        return asked.flatMap((block) => {
            answers.about(alias, { check: block.check, polled: true });
            if (blocks.isKnown(block.check)) return [];
            const assembly = assemblies.findPolled(alias, block, now);
            if (!assembly) return [];
            answers.about(alias, { slot: block.slot });
            return this.#finish(assembly, now);
        });
    }

    onTeach({ hour, routingKeys }: TeachFrame, now: Millis): readonly LinkEffect[] {
        const { knowledge, blocks } = this.#parts;
        knowledge.hearHour(hour);
        for (const key of routingKeys) knowledge.learnKey(key, { shared: true });
        return blocks.readAgain(now);
    }

    #finish(assembly: Assembly, now: Millis): readonly LinkEffect[] {
        const { blocks, assemblies, answers, neighbours } = this.#parts;
        const bodies = assembly.symbols?.solve() ?? [];
        if (bodies.length === 0) return [];
        const { read, check, effects } = blocks.read(
            { bodies, isNeighbours: neighbours.isKnownAlias(assembly.alias) },
            now,
        );
        if (read === "busy") return [{ kind: "count", what: "block_refused" }];
        if (read === "damaged") {
            // One of the symbols lies, and nobody can tell which: all are asked for again.
            assemblies.drop(assembly);
            answers.about(assembly.alias, { check, polled: true });
            return [{ kind: "count", what: "block_damaged" }];
        }
        assemblies.close(assembly, check, now);
        answers.about(assembly.alias, { check });
        return effects;
    }
}
