import { EmulatedNode, type EmulatedNodeOptions } from "../../../hw/meshtastic/emulator/emulator.ts";
import { MeshAir } from "../../../hw/meshtastic/emulator/mesh-air.ts";
import { type MeshtasticNode, makeMeshtasticNode } from "../../../hw/meshtastic/node.ts";
import { SERIAL_SILENCE_MS, streamPackets } from "../../../hw/meshtastic/packet-port.ts";
import type { BytePort } from "../../../hw/port/byte-port.ts";
import { memoryPortPair } from "../../../hw/port/memory-port.ts";
import { type Mesh, type MeshParts, makeMesh } from "../../../src/app/mesh/mesh-carrier.ts";
import type { CarrierState, SendOutcome } from "../../../src/carriers/carrier.ts";
import type { AirEvent } from "../../../src/carriers/lora/air-event.ts";
import type { AirtimeEntry } from "../../../src/link/ledger.ts";
import { seededEntropy } from "../../hw/meshtastic/rig.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

export interface GatewayRig {
    readonly emulator: EmulatedNode;
    readonly node: MeshtasticNode;
    readonly mesh: Mesh;
    readonly arrived: Uint8Array[];
    readonly states: CarrierState[];
    readonly journal: AirtimeEntry[];
    readonly air: AirEvent[];
    isUnplugged: boolean;
}

export interface RowOptions {
    readonly seed: number;
    /** Nodes without a gateway between the two ends. */
    readonly relays?: number;
    readonly loss?: number;
    readonly emulated?: Partial<EmulatedNodeOptions>;
    readonly parts?: Partial<MeshParts>;
}

/** A row of mesh nodes, each hearing only its neighbours, with a gateway at either end. */
export class Row {
    readonly clock = new VirtualClock();
    readonly air: MeshAir;
    readonly nodes: EmulatedNode[] = [];
    readonly options: RowOptions;

    constructor(options: RowOptions) {
        this.options = options;
        const { seed, relays = 0, loss = 0, emulated } = options;
        this.air = new MeshAir({ clock: this.clock, seed });
        for (let index = 0; index < relays + 2; index++) {
            const node = new EmulatedNode({
                ...{ air: this.air, clock: this.clock, number: 0x1000_0000 + index },
                ...emulated,
            });
            for (const other of this.nodes) other.know(node);
            const last = this.nodes.at(-1);
            if (last) this.air.connect(last, node, { loss });
            this.nodes.push(node);
        }
    }

    /** The driver and the carrier at one node, not started. */
    endOf(emulator: EmulatedNode | undefined, number: number, more: Partial<MeshParts> = {}): GatewayRig {
        if (!emulator) throw new RangeError("no such node");
        const { clock } = this;
        const entropy = seededEntropy(this.options.seed * 100 + number);
        const port = (): BytePort => {
            if (rig.isUnplugged) return missingPort();
            const { a, b } = memoryPortPair(`node ${number}`);
            void emulator.plug(b);
            return a;
        };
        const packets = streamPackets({ port, clock, silenceMs: SERIAL_SILENCE_MS });
        const node = makeMeshtasticNode({ label: `node ${number}`, clock, entropy, port: packets });
        const journal: AirtimeEntry[] = [];
        const air: AirEvent[] = [];
        const mesh = makeMesh({
            ...{ id: "mesh", node, clock, entropy, number, channel: 0, pki: true, share: 0.1, channelUseMax: 25 },
            spent: [],
            record: async (entry) => void journal.push(entry),
            linkState: nothingKept,
            gatewayState: nothingKept,
            onAir: (event) => air.push(event),
            ...this.options.parts,
            ...more,
        });
        const rig: GatewayRig = { emulator, node, mesh, arrived: [], states: [], journal, air, isUnplugged: false };
        return rig;
    }

    async gateway(emulator: EmulatedNode | undefined, number: number): Promise<GatewayRig> {
        const rig = this.endOf(emulator, number);
        await rig.mesh.carrier.start({
            onPayload: async (payload) => {
                rig.arrived.push(payload);
                return { kind: "stored" };
            },
            onState: (state) => rig.states.push(state),
        });
        return rig;
    }

    async ends(): Promise<readonly [GatewayRig, GatewayRig]> {
        const near = await this.gateway(this.nodes[0], 1);
        const far = await this.gateway(this.nodes.at(-1), 2);
        const isUp = ({ states }: GatewayRig): boolean => states.at(-1)?.kind === "up";
        await this.clock.runUntil(() => isUp(near) && isUp(far), 60_000);
        return [near, far];
    }
}

export function send(rig: GatewayRig, payload: Uint8Array, attempts = 0): { outcome: SendOutcome | undefined } {
    const sending: { outcome: SendOutcome | undefined } = { outcome: undefined };
    const parcel = { kind: "message" as const, messageId: "00".repeat(16), payload, attempts };
    void rig.mesh.carrier.send(parcel, new AbortController().signal).then((outcome) => {
        sending.outcome = outcome;
    });
    return sending;
}

const nothingKept = { load: () => undefined, save: async () => undefined };

function missingPort(): BytePort {
    const refuse = (): Promise<never> => Promise.reject(new Error("nothing is plugged in"));
    return { label: "nothing", open: refuse, write: refuse, close: () => Promise.resolve() };
}
