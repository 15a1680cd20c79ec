import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One recorded exchange with an unmodified Ember node. */
export interface Exchange {
    readonly number: number;
    readonly title: string;
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array | undefined;
    readonly status: number;
    readonly answerHeaders: Readonly<Record<string, string>>;
    readonly answer: string;
}

const FILE = join(import.meta.dirname, "../../vectors/ember/http-transcripts.md");

/** All exchanges of the transcript whose request is written out in full. */
export function transcripts(): readonly Exchange[] {
    const sections = readFileSync(FILE, "utf8").split(/^## /m).slice(1);
    return sections.flatMap((section) => {
        const [, number = "", title = ""] = /^(\d+)\. (.*)$/m.exec(section) ?? [];
        const [request, reply] = [...section.matchAll(/```http\n([\s\S]*?)\n```/g)].map((match) => match[1] ?? "");
        if (request === undefined || reply === undefined || request.includes("...(")) return [];
        const asked = parsed(request);
        const said = parsed(reply);
        const [method = "", path = ""] = asked.first.split(" ");
        const hex = asked.rest.startsWith("<hex> ") ? asked.rest.slice("<hex> ".length) : undefined;
        return {
            number: Number(number),
            title,
            method,
            path,
            headers: asked.headers,
            body: hex === undefined ? undefined : Buffer.from(hex, "hex"),
            status: Number(said.first.split(" ")[1]),
            answerHeaders: said.headers,
            answer: said.rest,
        };
    });
}

function parsed(text: string): { first: string; headers: Readonly<Record<string, string>>; rest: string } {
    const [head = "", ...rest] = text.split("\n\n");
    const [first = "", ...lines] = head.split("\n");
    const headers = lines.map((line) => [line.split(": ")[0]?.toLowerCase() ?? "", line.slice(line.indexOf(": ") + 2)]);
    return { first, headers: Object.fromEntries(headers), rest: rest.join("\n\n").trim() };
}
