import { createSocket, type Socket } from "node:dgram";
import type { Clock } from "../../base/time.ts";
import { type NetworkWay, networkWays, reachableOver } from "./interfaces.ts";

const PORT = 5_353;
const GROUP = { 4: "224.0.0.251", 6: "ff02::fb" } as const;
/** How often the interfaces are looked at, in milliseconds. */
const LOOK_MS = 5_000;
/** Packets of one interface that are looked at in a second; the rest of a flood is dropped. */
const PACKETS_PER_SECOND_MAX = 200;

export interface MulticastHandlers {
    /** A packet from the link of `way`. */
    onPacket(bytes: Uint8Array, sender: string, way: NetworkWay): void;
    /** An interface came or changed: whoever is there should hear of us. */
    onWay(way: NetworkWay): void;
    /** An interface is gone. */
    onGone(way: NetworkWay): void;
    onTrouble(text: string): void;
}

interface Door {
    readonly way: NetworkWay;
    readonly socket: Socket;
    second: number;
    packets: number;
}

/** Speaks multicast DNS on every interface, IPv4 and IPv6, while interfaces come and go. */
export class Multicast {
    readonly #only: readonly string[];
    readonly #clock: Clock;
    readonly #handlers: MulticastHandlers;
    readonly #doors = new Map<string, Door>();
    readonly #failed = new Set<string>();
    #cancel: (() => void) | undefined;

    constructor(only: readonly string[], clock: Clock, handlers: MulticastHandlers) {
        this.#only = only;
        this.#clock = clock;
        this.#handlers = handlers;
    }

    /** Looks at the interfaces now and from now on. */
    start(): void {
        this.#look();
        this.#cancel = this.#clock.schedule(this.#clock.now().monotonic + LOOK_MS, () => this.start());
    }

    get ways(): readonly NetworkWay[] {
        return [...this.#doors.values()].map(({ way }) => way);
    }

    /** To everybody on the link of `way`. What cannot leave now is lost, as packets are. */
    send(way: NetworkWay, bytes: Uint8Array): void {
        const door = this.#doors.get(nameOf(way));
        const address = way.family === 6 ? `${GROUP[6]}%${way.interfaceName}` : GROUP[4];
        door?.socket.send(bytes, PORT, address, () => undefined);
    }

    /** Resolves when what was sent has left. */
    async stop(): Promise<void> {
        this.#cancel?.();
        this.#cancel = undefined;
        const doors = [...this.#doors.values()];
        this.#doors.clear();
        await Promise.all(doors.map(({ socket }) => new Promise<void>((resolve) => socket.close(() => resolve()))));
    }

    #look(): void {
        const found = new Map(networkWays(this.#only).map((way) => [nameOf(way), way]));
        for (const [name, { way, socket }] of this.#doors) {
            const now = found.get(name);
            if (now && sameAddresses(now, way)) continue;
            this.#doors.delete(name);
            socket.close();
            this.#handlers.onGone(way);
        }
        for (const [name, way] of found) if (!this.#doors.has(name)) this.#open(name, way);
    }

    #open(name: string, way: NetworkWay): void {
        const socket = createSocket({ type: `udp${way.family}`, reuseAddr: true, ipv6Only: way.family === 6 });
        const door: Door = { way, socket, second: 0, packets: 0 };
        this.#doors.set(name, door);
        socket.on("error", (cause) => this.#fail(name, door, cause));
        socket.on("message", (bytes, { address }) => {
            if (this.#admit(door) && isFrom(way, address)) this.#handlers.onPacket(bytes, address, way);
        });
        socket.bind(PORT, way.family === 6 ? "::" : "0.0.0.0", () => {
            try {
                const local = way.family === 6 ? `::%${way.interfaceName}` : (way.addresses[0] ?? "");
                socket.addMembership(GROUP[way.family], local);
                socket.setMulticastInterface(local);
                socket.setMulticastTTL(255);
                socket.setMulticastLoopback(true);
                this.#failed.delete(name);
                this.#handlers.onWay(way);
            } catch (cause) {
                this.#fail(name, door, cause);
            }
        });
        // The gateway's other parts decide how long the process lives.
        socket.unref();
    }

    /** Taken up again at the next look; said once. */
    #fail(name: string, door: Door, cause: unknown): void {
        if (this.#doors.get(name) !== door) return;
        this.#doors.delete(name);
        door.socket.close();
        if (this.#failed.has(name)) return;
        this.#failed.add(name);
        this.#handlers.onTrouble(`${name}: ${cause instanceof Error ? cause.message : cause}`);
    }

    #admit(door: Door): boolean {
        const second = Math.floor(this.#clock.now().monotonic / 1000);
        if (second !== door.second) {
            door.second = second;
            door.packets = 0;
        }
        door.packets++;
        return door.packets <= PACKETS_PER_SECOND_MAX;
    }
}

/**
 * The system hands every packet to all sockets of the port, whichever interface it came by. IPv6 names the interface;
 * an IPv4 sender must be of the interface's own subnet, which RFC 6762 section 11 asks for anyway.
 */
function isFrom(way: NetworkWay, address: string): boolean {
    const [bare = "", scope] = address.split("%");
    if (scope !== undefined) return scope === way.interfaceName && !way.addresses.includes(bare);
    return reachableOver(way, address) !== undefined;
}

function nameOf({ interfaceName, family }: NetworkWay): string {
    return `${interfaceName} (IPv${family})`;
}

function sameAddresses(a: NetworkWay, b: NetworkWay): boolean {
    return a.addresses.join() === b.addresses.join();
}
