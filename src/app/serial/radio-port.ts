import { realpathSync } from "node:fs";
import type { BytePort, BytePortHandlers } from "../../../hw/port/byte-port.ts";
import { serialPort } from "../../../hw/port/serial-port.ts";
import { tcpPort } from "../../../hw/port/tcp-port.ts";
import { type SerialDevice, serialDevices, type UsbIdentity } from "./devices.ts";
import { type PortName, parsePortName } from "./port-name.ts";

export interface RadioPortOptions {
    /** As in the configuration. */
    readonly name: string;
    /** The devices that are plugged in now. */
    readonly devices?: () => readonly SerialDevice[];
    /** A fresh port on a device. */
    readonly open?: (path: string, baudRate: number) => BytePort;
}

/**
 * Ports on one radio, one use each. A USB device is followed by its serial number: when it comes back under another
 * path it is found there, and another device that took its path is left alone.
 */
export function radioPort({
    name,
    devices = serialDevices,
    open = (path, baudRate) => serialPort({ path, baudRate })(),
}: RadioPortOptions): (baudRate: number) => BytePort {
    const parsed = parsePortName(name);
    if (!parsed.ok) throw new RangeError(parsed.error);
    const meant = parsed.value;
    if (meant.kind === "tcp") return () => tcpPort(meant)();
    const memory: Memory = { usb: undefined };
    return (baudRate) => new FollowingPort(name, () => open(placeOf(meant, devices(), memory), baudRate));
}

/** The device that was found behind the name first. */
interface Memory {
    usb: UsbIdentity | undefined;
}

class FollowingPort implements BytePort {
    readonly label: string;
    readonly #find: () => BytePort;
    #port: BytePort | undefined;
    #isClosed = false;

    constructor(label: string, find: () => BytePort) {
        this.label = label;
        this.#find = find;
    }

    async open(handlers: BytePortHandlers): Promise<void> {
        if (this.#port || this.#isClosed) throw new Error(`${this.label} was used already; make a new port`);
        this.#port = this.#find();
        await this.#port.open(handlers);
    }

    write(bytes: Uint8Array): Promise<void> {
        return this.#port?.write(bytes) ?? Promise.reject(new Error(`${this.label} is not open`));
    }

    async close(): Promise<void> {
        this.#isClosed = true;
        await this.#port?.close();
    }
}

/** Throws, for people, when it is not there. */
function placeOf(
    meant: Exclude<PortName, { readonly kind: "tcp" }>,
    devices: readonly SerialDevice[],
    memory: Memory,
): string {
    const known = memory.usb;
    if (known) {
        const same = devices.filter(({ usb }) => isSame(usb, known));
        if (same.length === 1 && same[0]) return same[0].path;
    }
    if (meant.kind === "serial") return bySerialNumber(meant.serialNumber, devices, memory);
    const at = deviceAt(meant.path, devices);
    const isUnique =
        at?.usb.serialNumber !== undefined && devices.filter(({ usb }) => isSame(usb, at.usb)).length === 1;
    if (known && at && !isSame(at.usb, known)) {
        throw new Error(
            `${meant.path} is another device now (${titleOf(at.usb)}): plug ${titleOf(known)} in again, or restart Hearth to take the new one`,
        );
    }
    if (at && isUnique) memory.usb = at.usb;
    return meant.path;
}

function bySerialNumber(serialNumber: string, devices: readonly SerialDevice[], memory: Memory): string {
    const found = devices.filter(({ usb }) => usb.serialNumber === serialNumber);
    const [first] = found;
    if (!first) throw new Error(`no USB serial device has the serial number ${serialNumber}: is it plugged in?`);
    if (found.length > 1) {
        const paths = found.map(({ path }) => path).join(", ");
        throw new Error(`${paths} all have the serial number ${serialNumber}: name one by its path`);
    }
    memory.usb = first.usb;
    return first.path;
}

function deviceAt(path: string, devices: readonly SerialDevice[]): SerialDevice | undefined {
    const real = realpathOf(path);
    return devices.find((each) => each.path === path || each.byId.includes(path) || realpathOf(each.path) === real);
}

function isSame(a: UsbIdentity, b: UsbIdentity): boolean {
    return (
        a.vendorId === b.vendorId &&
        a.productId === b.productId &&
        a.serialNumber === b.serialNumber &&
        a.interfaceNumber === b.interfaceNumber
    );
}

function titleOf({ product, vendorId, productId, serialNumber }: UsbIdentity): string {
    return `${product ?? `${vendorId}:${productId}`} ${serialNumber ?? "without a serial number"}`;
}

function realpathOf(path: string): string {
    try {
        return realpathSync(path);
    } catch {
        return path;
    }
}
