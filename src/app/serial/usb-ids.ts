import type { UsbIdentity } from "./devices.ts";

/** What a USB device most likely is. Only `isRadio` devices are asked without being named. */
export interface UsbMeaning {
    readonly title: string;
    /** Sold as a LoRa board: whatever firmware runs there, a question does no harm. */
    readonly isRadio: boolean;
}

/** By vendor and product; an entry without a product holds for all other products of the vendor. From the vendors' USB drivers. */
const MEANINGS: Readonly<Record<string, UsbMeaning>> = {
    "10c4:ea60": { title: "bridge chip CP210x: a module or nearly anything behind it", isRadio: false },
    "1a86:7523": { title: "bridge chip CH340: a module or nearly anything behind it", isRadio: false },
    "1a86:55d3": { title: "bridge chip CH343: a module or nearly anything behind it", isRadio: false },
    "1a86:55d4": { title: "bridge chip CH9102: often a LoRa board with an ESP32", isRadio: false },
    "0403:6001": { title: "bridge chip FT232: a module or nearly anything behind it", isRadio: false },
    "0403:6015": { title: "bridge chip FT231X: a module or nearly anything behind it", isRadio: false },
    "067b:2303": { title: "bridge chip PL2303: a module or nearly anything behind it", isRadio: false },
    "303a:1001": { title: "Espressif ESP32 with its own USB: often a LoRa board", isRadio: false },
    "239a:8029": { title: "RAK4631 (nRF52): RNode, MeshCore or Meshtastic firmware", isRadio: true },
    "239a:4405": { title: "LilyGO T-Echo (nRF52): RNode, MeshCore or Meshtastic firmware", isRadio: true },
    "239a:0029": { title: "boot loader of an nRF52 board: it waits for firmware", isRadio: false },
    "1546": { title: "u-blox GPS receiver, no radio", isRadio: false },
    "2e8a": { title: "board with a Raspberry Pi RP2040", isRadio: false },
    "2886": { title: "Seeed board", isRadio: false },
    "2341": { title: "Arduino board", isRadio: false },
};

export function usbMeaning({ vendorId, productId }: UsbIdentity): UsbMeaning {
    return MEANINGS[`${vendorId}:${productId}`] ?? MEANINGS[vendorId] ?? { title: "unknown to Hearth", isRadio: false };
}
