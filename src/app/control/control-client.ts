import { connect } from "node:net";
import { join } from "node:path";
import { err, ok, type Result } from "../../base/result.ts";
import { CONTROL_SOCKET } from "./control-server.ts";
import { lineReader } from "./lines.ts";

const ANSWER_MS_MAX = 5_000;

/** Asks the gateway that runs on this data directory. The text of an error is for people. */
export function askGateway(directory: string, question: string): Promise<Result<unknown, string>> {
    const path = join(directory, CONTROL_SOCKET);
    return new Promise((resolve) => {
        const socket = connect(path);
        const settle = (result: Result<unknown, string>): void => {
            clearTimeout(timer);
            socket.destroy();
            resolve(result);
        };
        const timer = setTimeout(() => settle(err(`The gateway on ${directory} does not answer`)), ANSWER_MS_MAX);
        const read = lineReader(
            (line) => settle(answerIn(line)),
            () => settle(err("The answer is too long")),
        );
        socket.on("connect", () => socket.write(`${JSON.stringify({ ask: question })}\n`));
        socket.on("data", read);
        socket.on("error", (cause) => settle(err(explained(cause, directory))));
        socket.on("close", () => settle(err(`The gateway on ${directory} hung up`)));
    });
}

function answerIn(line: string): Result<unknown, string> {
    try {
        const said = JSON.parse(line) as { readonly ok?: unknown; readonly value?: unknown; readonly error?: unknown };
        return said.ok === true ? ok(said.value) : err(`The gateway says: ${said.error}`);
    } catch {
        return err("The gateway's answer makes no sense");
    }
}

function explained(cause: Error, directory: string): string {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EACCES") return `The gateway on ${directory} belongs to another user`;
    if (code === "ENOENT" || code === "ECONNREFUSED")
        return `No gateway runs on ${directory}: start it, or name its --data-dir`;
    return `The gateway on ${directory} cannot be asked: ${cause.message}`;
}
