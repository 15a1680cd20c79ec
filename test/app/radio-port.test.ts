import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BytePort } from "../../hw/port/byte-port.ts";
import { type SerialDevice, serialDevices } from "../../src/app/serial/devices.ts";
import { parsePortName } from "../../src/app/serial/port-name.ts";
import { radioPort } from "../../src/app/serial/radio-port.ts";

function device(path: string, serialNumber: string | undefined, product = "CP2102"): SerialDevice {
    const usb = {
        vendorId: "10c4",
        productId: "ea60",
        serialNumber,
        interfaceNumber: "00",
        manufacturer: "Silicon Labs",
        product,
    };
    return { path, byId: [`/dev/serial/by-id/usb-${product}_${serialNumber}-if00-port0`], usb };
}

/** What is plugged in, and which paths were opened. */
function bench(name: string) {
    const plugged: SerialDevice[] = [];
    const opened: string[] = [];
    const portAt = radioPort({
        name,
        devices: () => plugged,
        open: (path) => {
            opened.push(path);
            return {
                label: path,
                open: async () => undefined,
                write: async () => undefined,
                close: async () => undefined,
            };
        },
    });
    const open = async (): Promise<BytePort> => {
        const port = portAt(115_200);
        await port.open({ onBytes: () => undefined, onClose: () => undefined });
        return port;
    };
    return { plugged, opened, open };
}

describe("a radio's port", () => {
    it("is followed to its new path by its serial number", async () => {
        const { plugged, opened, open } = bench("/dev/ttyUSB0");
        plugged.push(device("/dev/ttyUSB0", "A1"));
        await open();
        plugged[0] = device("/dev/ttyUSB3", "A1");
        await open();
        expect(opened).toEqual(["/dev/ttyUSB0", "/dev/ttyUSB3"]);
    });

    it("leaves another device alone that took the path", async () => {
        const { plugged, opened, open } = bench("/dev/ttyUSB0");
        plugged.push(device("/dev/ttyUSB0", "A1"));
        await open();
        plugged[0] = device("/dev/ttyUSB0", "B2", "GPS");
        await expect(open()).rejects.toThrow("another device now (GPS B2)");
        plugged.push(device("/dev/ttyUSB1", "A1"));
        await open();
        expect(opened).toEqual(["/dev/ttyUSB0", "/dev/ttyUSB1"]);
    });

    it("that shares its serial number with others is known by its path alone", async () => {
        const { plugged, opened, open } = bench("/dev/ttyUSB0");
        plugged.push(device("/dev/ttyUSB0", "0001"), device("/dev/ttyUSB1", "0001"));
        await open();
        plugged.shift();
        await open();
        expect(opened).toEqual(["/dev/ttyUSB0", "/dev/ttyUSB0"]);
    });

    it("can be named by its serial number", async () => {
        const { plugged, opened, open } = bench("serial:A1");
        await expect(open()).rejects.toThrow("no USB serial device has the serial number A1");
        plugged.push(device("/dev/ttyUSB0", "B2"), device("/dev/ttyACM1", "A1"));
        await open();
        expect(opened).toEqual(["/dev/ttyACM1"]);
        plugged.push(device("/dev/ttyACM2", "A1"));
        const other = bench("serial:A1");
        other.plugged.push(...plugged);
        await expect(other.open()).rejects.toThrow("/dev/ttyACM1, /dev/ttyACM2 all have the serial number A1");
    });

    it.each([
        ["tcp://radio.lan:7633", { kind: "tcp", host: "radio.lan", port: 7633 }],
        ["tcp://[::1]:7633", { kind: "tcp", host: "::1", port: 7633 }],
        ["serial:0001", { kind: "serial", serialNumber: "0001" }],
        ["/dev/ttyS0", { kind: "path", path: "/dev/ttyS0" }],
    ])("understands %s", (text, value) => expect(parsePortName(text)).toEqual({ ok: true, value }));

    it.each(["tcp://radio", "tcp://:1", "tcp://a:70000", "serial:", "udp://a:1"])("refuses %s", (text) =>
        expect(parsePortName(text).ok).toBe(false),
    );
});

describe("serial devices", () => {
    let root: string;
    beforeEach(() => {
        root = mkdtempSync(join(tmpdir(), "hearth-devices-"));
    });
    afterEach(() => rmSync(root, { recursive: true }));

    it("are told with their USB names, and the kernel's own lines are left out", () => {
        const usb = join(root, "sys/devices/usb1/1-2");
        const line = join(usb, "1-2:1.0/ttyUSB0");
        mkdirSync(line, { recursive: true });
        for (const [name, text] of Object.entries({
            idVendor: "10c4",
            idProduct: "ea60",
            serial: "A1",
            product: "CP2102 USB to UART",
        }))
            writeFileSync(join(usb, name), `${text}\n`);
        writeFileSync(join(usb, "1-2:1.0/bInterfaceNumber"), "00\n");
        mkdirSync(join(root, "sys/class/tty/ttyUSB0"), { recursive: true });
        symlinkSync(line, join(root, "sys/class/tty/ttyUSB0/device"));
        mkdirSync(join(root, "dev/serial/by-id"), { recursive: true });
        for (const name of ["ttyUSB0", "ttyS0", "null"]) writeFileSync(join(root, "dev", name), "");
        symlinkSync("../../ttyUSB0", join(root, "dev/serial/by-id/usb-A1"));
        expect(serialDevices({ dev: join(root, "dev"), sys: join(root, "sys") })).toEqual([
            {
                path: join(root, "dev/ttyUSB0"),
                byId: [join(root, "dev/serial/by-id/usb-A1")],
                usb: {
                    vendorId: "10c4",
                    productId: "ea60",
                    serialNumber: "A1",
                    interfaceNumber: "00",
                    manufacturer: undefined,
                    product: "CP2102 USB to UART",
                },
            },
        ]);
    });
});
