import { type Mesh, Portnums } from "@meshtastic/protobufs";

const QUEUE_STATUSES_MAX = 2;
const NOTIFICATIONS_MAX = 4;

/** What waits for a client, whether one is there or not. All clients of a node take from the same queues. */
export class ClientQueues {
    readonly #packetsMax: number;
    #packets: Mesh.MeshPacket[] = [];
    #statuses: Mesh.QueueStatus[] = [];
    #notifications: Mesh.ClientNotification[] = [];

    constructor(packetsMax: number) {
        this.#packetsMax = packetsMax;
    }

    /** In a full queue the newest packet is lost; for a text the oldest is. */
    addPacket(packet: Mesh.MeshPacket): void {
        const isText =
            packet.payloadVariant.case === "decoded" &&
            packet.payloadVariant.value.portnum === Portnums.PortNum.TEXT_MESSAGE_APP;
        if (this.#packets.length >= this.#packetsMax && !isText) return;
        this.#packets.push(packet);
        if (this.#packets.length > this.#packetsMax) this.#packets.shift();
    }

    addStatus(status: Mesh.QueueStatus): void {
        this.#statuses.push(status);
        if (this.#statuses.length > QUEUE_STATUSES_MAX) this.#statuses.shift();
    }

    addNotification(notification: Mesh.ClientNotification): void {
        if (this.#notifications.length < NOTIFICATIONS_MAX) this.#notifications.push(notification);
    }

    take(): Mesh.FromRadio["payloadVariant"] | undefined {
        const status = this.#statuses.shift();
        if (status) return { case: "queueStatus", value: status };
        const notification = this.#notifications.shift();
        if (notification) return { case: "clientNotification", value: notification };
        const packet = this.#packets.shift();
        return packet ? { case: "packet", value: packet } : undefined;
    }

    clear(): void {
        this.#packets = [];
        this.#statuses = [];
        this.#notifications = [];
    }
}
