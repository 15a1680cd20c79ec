import { create } from "@bufbuild/protobuf";
import { Mesh, type Telemetry } from "@meshtastic/protobufs";
import type { Firmware } from "./firmware.ts";
import type { NodeSettings } from "./settings.ts";

type Message = Mesh.FromRadio["payloadVariant"];

export interface DialogueParts {
    readonly number: number;
    readonly starts: number;
    readonly firmware: Firmware;
    readonly settings: NodeSettings;
    readonly others: readonly Mesh.NodeInfo[];
    readonly metrics: Telemetry.DeviceMetrics;
}

/** Everything that a client may ask for, in the order of the firmware. */
export function dialogueOf(part: "all" | "without_nodes" | "only_nodes", parts: DialogueParts): readonly Message[] {
    const { settings, number } = parts;
    const own = create(Mesh.NodeInfoSchema, { num: number, user: settings.owner, deviceMetrics: parts.metrics });
    const ownInfo: Message = { case: "nodeInfo", value: own };
    const others = parts.others.map((value): Message => ({ case: "nodeInfo", value }));
    if (part === "only_nodes") return [ownInfo, ...others];
    const ui = create(Mesh.FromRadioSchema, { payloadVariant: { case: "deviceuiConfig", value: {} } }).payloadVariant;
    return [
        { case: "myInfo", value: myInfo(parts) },
        ...(parts.firmware.hasDeviceUi ? [ui] : []),
        ownInfo,
        { case: "metadata", value: metadataOf(parts.firmware) },
        ...settings.channels.map((value): Message => ({ case: "channel", value })),
        ...settings.configs().map((value): Message => ({ case: "config", value })),
        ...settings.modules().map((value): Message => ({ case: "moduleConfig", value })),
        ...(part === "all" ? others : []),
        { case: "fileInfo", value: create(Mesh.FileInfoSchema, { fileName: "/prefs/config.proto", sizeBytes: 220 }) },
    ];
}

function myInfo({ number, starts, others, firmware }: DialogueParts): Mesh.MyNodeInfo {
    return create(Mesh.MyNodeInfoSchema, {
        ...{ myNodeNum: number, rebootCount: starts, minAppVersion: 30_200 },
        pioEnv: `native ${firmware.version}`,
        nodedbCount: others.length + 1,
    });
}

export function metadataOf(firmware: Firmware): Mesh.DeviceMetadata {
    return create(Mesh.DeviceMetadataSchema, {
        firmwareVersion: firmware.version,
        deviceStateVersion: 24,
        hwModel: Mesh.HardwareModel.PORTDUINO,
        hasPKC: true,
    });
}
