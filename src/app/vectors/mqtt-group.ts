import { base64Problem } from "../../carriers/http/base64-problem.ts";
import { filtersFor, PREFIX_DEFAULT, publishOf, readPublish, type Unusable } from "../../carriers/mqtt/topics.ts";
import { decodeWirePayload, wireErrorText } from "../../wire/payload.ts";
import { firstOf, type Group, type Problem, same } from "./check.ts";
import type { Fields } from "./fields.ts";
import { outerOf } from "./shapes.ts";

export const mqtt: Group = {
    messages: (fields) => published(fields, fields.text("prefix")),
    tombstones: (fields) => published(fields, PREFIX_DEFAULT),
    /** Whatever arrives on a message topic. */
    parse(fields) {
        const text = Buffer.from(fields.bytes("payload")).toString("latin1");
        const read = readPublish(PREFIX_DEFAULT, `${PREFIX_DEFAULT}/messages/x`, text);
        if (!fields.flag("valid")) {
            return firstOf(
                same("the category", read.ok ? "none" : "decode", fields.text("category")),
                same("the text", read.ok ? "none" : emberText(read.error, text), fields.text("error_text")),
            );
        }
        if (!read.ok) return emberText(read.error, text);
        const decoded = decodeWirePayload(read.value);
        const outer = decoded.ok && decoded.value.kind === "message" ? decoded.value.outer : undefined;
        return same("the envelope", outer, outerOf(fields.child("outer")));
    },
};

function published(fields: Fields, prefix: string): Problem {
    const [topic, text, wire] = [fields.text("topic_text"), fields.text("payload_text"), fields.bytes("wire")];
    const publish = publishOf(prefix, wire);
    const read = readPublish(prefix, topic, text);
    return firstOf(
        same("the topic", publish.ok ? publish.value.topic : publish.error.kind, topic),
        same("the text", publish.ok ? publish.value.text : publish.error.kind, text),
        same("read again, it", read.ok ? read.value : read.error.kind, wire),
        // What the carrier does with every publish of an envelope.
        same("the quality of service", 1, fields.number("qos")),
        same("that it is retained", false, fields.flag("retain")),
    );
}

/** A single value beside the lists of the file. */
export function subscribeAll(topic: string): Problem {
    return same("the subscription", filtersFor(PREFIX_DEFAULT, "all")[0], topic);
}

/** What Ember's receiver says. */
function emberText(error: Unusable, text: string): string {
    const why = {
        topic: () => "Unknown topic",
        base64: () => `Invalid base64: ${base64Problem(text)}`,
        wire: () => `Invalid wire format: ${error.kind === "wire" ? wireErrorText(error.error) : ""}`,
        misplaced: () => "Expected message, got ack tombstone",
    };
    return `Serialization error: ${why[error.kind]()}`;
}
