import { Channel, type Mesh } from "@meshtastic/protobufs";
import { type LoraSettings, loraSettings } from "./lora.ts";
import {
    type DeviceReport,
    type FromRadio,
    PORT_NODEINFO,
    PORT_TELEMETRY,
    readDeviceReport,
    readUser,
} from "./messages.ts";
import { type MeshNode, NodeTable, userNews } from "./node-table.ts";

/** Firmware has 8 places. */
const CHANNELS_MAX = 16;

/** A channel of the node. Its key never leaves the message it came in. */
export interface MeshChannel {
    readonly index: number;
    /** Empty for one that is named after the preset. */
    readonly name: string;
    readonly role: "primary" | "secondary";
    readonly hasKey: boolean;
}

/** What can come out of one message. */
export interface News {
    readonly node?: MeshNode;
    readonly report?: DeviceReport;
    /** The node has started again since it was last asked. */
    readonly restarted?: true;
}

/** What a node has told about itself and its mesh, whatever the order. Pure. */
export class Knowledge {
    readonly nodes = new NodeTable();
    ownNumber: number | undefined;
    firmware: string | undefined;
    lora: LoraSettings | undefined;
    report: DeviceReport | undefined;
    readonly channels = new Map<number, MeshChannel>();
    #startCount: number | undefined;

    absorb(message: FromRadio): News {
        switch (message.case) {
            case "myInfo":
                return this.#absorbOwn(message.value);
            case "metadata":
                this.firmware = message.value.firmwareVersion || undefined;
                return {};
            case "config":
                if (message.value.payloadVariant.case === "lora") {
                    this.lora = loraSettings(message.value.payloadVariant.value);
                }
                return {};
            case "channel":
                this.#absorbChannel(message.value);
                return {};
            case "nodeInfo":
                return this.#absorbInfo(message.value);
            case "packet":
                return this.#absorbPacket(message.value);
            case "rebooted":
                return message.value ? this.#restarted() : {};
            default:
                return {};
        }
    }

    #absorbOwn({ myNodeNum, rebootCount }: Mesh.MyNodeInfo): News {
        const isOther = this.ownNumber !== undefined && this.ownNumber !== myNodeNum;
        const isLater = this.#startCount !== undefined && this.#startCount !== rebootCount;
        if (isOther) this.nodes.clear();
        this.ownNumber = myNodeNum;
        this.#startCount = rebootCount;
        return isOther || isLater ? this.#restarted() : {};
    }

    /** An uptime of the life before would make the new one look like yet another. */
    #restarted(): News {
        if (this.report) this.report = { ...this.report, uptimeS: undefined };
        return { restarted: true };
    }

    #absorbChannel({ index, role, settings }: Channel.Channel): void {
        if (role === Channel.Channel_Role.DISABLED || index >= CHANNELS_MAX) {
            this.channels.delete(index);
            return;
        }
        const isPrimary = role === Channel.Channel_Role.PRIMARY;
        const hasKey = (settings?.psk.length ?? 0) > 0;
        this.channels.set(index, {
            index,
            name: settings?.name ?? "",
            role: isPrimary ? "primary" : "secondary",
            hasKey,
        });
    }

    #absorbInfo(info: Mesh.NodeInfo): News {
        const node = this.nodes.updateInfo(info);
        // The table's figures may be older than the last report, so they tell nothing about a new start.
        if (info.num !== this.ownNumber || !node.report || this.report) return { node };
        this.report = { ...node.report, uptimeS: undefined };
        return { node, report: this.report };
    }

    #absorbPacket(packet: Mesh.MeshPacket): News {
        if (packet.payloadVariant.case !== "decoded") return {};
        const { portnum, payload } = packet.payloadVariant.value;
        const isOwn = packet.from === this.ownNumber || packet.from === 0;
        const report = portnum === PORT_TELEMETRY ? readDeviceReport(payload) : undefined;
        if (isOwn) return report ? this.#absorbReport(report) : {};
        const hops = hopsOf(packet);
        const user = portnum === PORT_NODEINFO ? readUser(payload) : undefined;
        const node = this.nodes.update(packet.from, {
            ...(user ? userNews(user) : {}),
            ...(report ? { report } : {}),
            hops,
            snrDb: hops === 0 && packet.rxSnr !== 0 ? packet.rxSnr : undefined,
            lastHeard: packet.rxTime || undefined,
            viaMqtt: packet.viaMqtt,
        });
        return { node };
    }

    /** Firmware tells the parts of its report in turns, so what is missing is no news. */
    #absorbReport(report: DeviceReport): News {
        const before = this.report;
        this.report = {
            channelUsePercent: report.channelUsePercent ?? before?.channelUsePercent,
            airtimePercent: report.airtimePercent ?? before?.airtimePercent,
            batteryPercent: report.batteryPercent ?? before?.batteryPercent,
            uptimeS: report.uptimeS ?? before?.uptimeS,
        };
        const isYounger =
            report.uptimeS !== undefined && before?.uptimeS !== undefined && report.uptimeS < before.uptimeS;
        return { report: this.report, ...(isYounger ? { restarted: true as const } : {}) };
    }
}

/** How often a packet was passed on. Senders older than firmware 2.3 do not tell where they began. */
export function hopsOf(packet: Mesh.MeshPacket): number | undefined {
    const isNew = packet.payloadVariant.case === "decoded" && packet.payloadVariant.value.bitfield !== undefined;
    if (packet.hopStart === 0 && !isNew) return undefined;
    return packet.hopStart >= packet.hopLimit ? packet.hopStart - packet.hopLimit : undefined;
}
