import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/** A USB serial device that is plugged in. */
export interface SerialDevice {
    /** E.g. /dev/ttyUSB0: may be another one after the next replug. */
    readonly path: string;
    /** Links in /dev/serial/by-id that lead to it: the same after each replug. */
    readonly byId: readonly string[];
    readonly usb: UsbIdentity;
}

export interface UsbIdentity {
    /** Four hexadecimal digits each. */
    readonly vendorId: string;
    readonly productId: string;
    /** Undefined where the device has none; many cheap ones share "0001". */
    readonly serialNumber: string | undefined;
    /** A device with several serial lines tells them apart by this. */
    readonly interfaceNumber: string | undefined;
    readonly manufacturer: string | undefined;
    readonly product: string | undefined;
}

/** Where the kernel tells of its devices; tests give their own. */
export interface DeviceFolders {
    readonly dev: string;
    readonly sys: string;
}

const THIS_MACHINE: DeviceFolders = { dev: "/dev", sys: "/sys" };
const USB_TTY = /^tty(?:USB|ACM)\d+$/;
/** From the line up to its USB device. */
const LEVELS_MAX = 6;

/** Nothing is opened and nothing is written: only the kernel is asked. */
export function serialDevices({ dev, sys }: DeviceFolders = THIS_MACHINE): readonly SerialDevice[] {
    const byId = list(join(dev, "serial/by-id")).map((name) => join(dev, "serial/by-id", name));
    return list(dev)
        .filter((name) => USB_TTY.test(name))
        .flatMap((name) => {
            const path = join(dev, name);
            const real = realpathOf(path);
            if (real === undefined) return [];
            const links = byId.filter((link) => realpathOf(link) === real);
            return [{ path, byId: links, usb: usbIdentity(join(sys, "class/tty", name, "device")) }];
        });
}

/** What people should write into the configuration: the name that survives a replug. */
export function lastingName({ path, byId }: SerialDevice): string {
    return byId[0] ?? path;
}

function usbIdentity(deviceLink: string): UsbIdentity {
    let folder = realpathOf(deviceLink) ?? deviceLink;
    let interfaceNumber: string | undefined;
    for (let level = 0; level < LEVELS_MAX && word(folder, "idVendor") === undefined; level++) {
        interfaceNumber ??= word(folder, "bInterfaceNumber");
        folder = dirname(folder);
    }
    return {
        vendorId: word(folder, "idVendor") ?? "",
        productId: word(folder, "idProduct") ?? "",
        serialNumber: word(folder, "serial"),
        interfaceNumber,
        manufacturer: word(folder, "manufacturer"),
        product: word(folder, "product"),
    };
}

function word(folder: string, name: string): string | undefined {
    try {
        return readFileSync(join(folder, name), "utf8").trim() || undefined;
    } catch {
        return undefined;
    }
}

function list(folder: string): readonly string[] {
    try {
        return readdirSync(folder).sort();
    } catch {
        return [];
    }
}

function realpathOf(path: string): string | undefined {
    try {
        return realpathSync(path);
    } catch {
        return undefined;
    }
}
