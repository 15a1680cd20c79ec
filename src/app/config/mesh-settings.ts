import * as v from "valibot";
import type { MeshConfig, Values } from "./config.ts";
import { between, flag, type Setting, setting, text } from "./setting.ts";

/** Meshtastic nodes of one gateway. */
export const MESHES_MAX = 4;

/** Settings of each [[meshtastic]]; their variables are HEARTH_MESHTASTIC_1_PORT and so on. */
export const MESH_SETTINGS: readonly Setting[] = [
    setting(
        "id",
        "text",
        v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,19}$/, "a short name of small letters, digits and dashes")),
        "Name of this mesh in logs and in the depot; keep it when the node moves.",
        "mesh",
    ),
    setting("enabled", "boolean", flag, "False leaves the node alone.", true),
    setting("port", "text", text(300), "The node: /dev/ttyACM0, serial:NUMBER of its USB device, or tcp://HOST:4403."),
    setting("channel", "integer", between(0, 7), "Index of the node's channel for what everybody shall hear.", 0),
    setting(
        "pki",
        "boolean",
        flag,
        "What is for one gateway goes to it alone, under its public key; false: everything to everybody.",
        true,
    ),
    setting(
        "share_percent",
        "number",
        v.pipe(v.number("a number"), v.minValue(0.1, "0.1 or more"), v.maxValue(100, "at most 100")),
        "Of the airtime that a node may use in an hour (a tenth of it): so much is Hearth's at most.",
        10,
    ),
    setting(
        "channel_use_max_percent",
        "integer",
        between(1, 100),
        "While all senders together use the channel more than this, Hearth is silent.",
        25,
    ),
    setting(
        "ask",
        "boolean",
        flag,
        "Tell the mesh which mailboxes are read here, so that gateways with Internet send what comes for them.",
        false,
    ),
];

/** Of values that were checked. */
export function meshOf(values: Values): MeshConfig {
    return {
        id: values.text("id"),
        port: values.text("port"),
        channel: values.number("channel"),
        pki: values.flag("pki"),
        share: values.number("share_percent") / 100,
        channelUseMax: values.number("channel_use_max_percent"),
        asks: values.flag("ask"),
    };
}
