import type { BytePort } from "../../hw/port/byte-port.ts";
import { memoryPortPair } from "../../hw/port/memory-port.ts";
import { openPty, type Pty } from "../../hw/port/pty.ts";
import { serialPort } from "../../hw/port/serial-port.ts";

/** The part of an emulated device that its wire needs. */
export interface Pluggable {
    plug(port: BytePort, hostBaudRate?: number): Promise<void>;
    unplug(): Promise<void>;
    /** Of a device that has its power from elsewhere than from its wire. */
    powerOn?(): void;
    /** Of a device that cannot be told at the plug, because the host changes its speed. */
    hostSpeed?(baudRate: number): void;
}

/** A socket with a device in it, or without. */
export interface Wire {
    /** The host's end, a fresh one each time. */
    readonly port: (baudRate: number) => BytePort;
    unplug(): Promise<void>;
    plugIn(): Promise<void>;
}

/** In memory: each time the host opens its port a plugged-in device is powered up afresh. */
export async function memoryWire(device: Pluggable): Promise<Wire> {
    let isPluggedIn = true;
    const port = (baudRate: number): BytePort => {
        const { a, b } = memoryPortPair();
        const open = async (handlers: Parameters<BytePort["open"]>[0]): Promise<void> => {
            if (!isPluggedIn) throw new Error("the socket is empty");
            await a.open(handlers);
            device.hostSpeed?.(baudRate);
            await device.plug(b, baudRate);
        };
        return { label: "socket", open, write: (bytes) => a.write(bytes), close: () => a.close() };
    };
    return {
        port,
        async unplug() {
            isPluggedIn = false;
            await device.unplug();
        },
        async plugIn() {
            isPluggedIn = true;
            device.powerOn?.();
        },
    };
}

/** A pseudo-terminal, opened by the driver with the real serial package; a new one after each unplug. */
export async function ptyWire(device: Pluggable): Promise<Wire> {
    let pty: Pty | undefined;
    const plugIn = async (): Promise<void> => {
        pty = await openPty();
        await device.plug(pty.port);
        device.powerOn?.();
    };
    await plugIn();
    const port = (baudRate: number): BytePort => {
        const end = serialPort({ path: pty?.path ?? "/dev/unplugged", baudRate })();
        const open: BytePort["open"] = async (handlers) => {
            await end.open(handlers);
            device.hostSpeed?.(baudRate);
        };
        return { label: end.label, open, write: (bytes) => end.write(bytes), close: () => end.close() };
    };
    return {
        port,
        async unplug() {
            pty = undefined;
            await device.unplug();
        },
        plugIn,
    };
}
