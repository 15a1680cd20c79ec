import { concatBytes } from "../../src/base/bytes.ts";
import { BANDS, BAUD_RATES, type Band, type EbyteKind } from "./kind.ts";
import { AMBIENT_BIT, FIXED_BIT, LBT_BIT, RSSI_BIT } from "./settings.ts";

/** The two of the key, behind those that can be read. */
const KEY_REGISTERS = 2;

/** Where the name of the product can be read, and what it says. */
const PRODUCT = {
    E22: { address: 0x80, bytes: [0x00, 0x22, 0x10, 0x16, 0x0b, 0x00, 0x00] },
    E220: { address: 0x08, bytes: [0x00, 0x20, 0x16] },
} as const;

const FACTORY_CHANNEL = { "400": 23, "900": 18 } as const;

/** As the module leaves the factory: 9600 baud, 2.4k, full power, no RSSI, transparent. */
export function factoryRegisters(kind: EbyteKind, band: Band): Uint8Array {
    const registers = new Uint8Array(kind.registerCount + KEY_REGISTERS);
    registers[kind.reg0] = 0x62;
    registers[kind.reg0 + 2] = FACTORY_CHANNEL[band];
    registers[kind.reg0 + 3] = 0x03;
    return registers;
}

export interface Memory {
    /** In force now. */
    readonly registers: Uint8Array;
    /** In force after the next start. */
    readonly flash: Uint8Array;
}

export interface Obeyed extends Memory {
    readonly reply: Uint8Array;
}

/** What the module makes of one command in configuration mode. */
export function obey(kind: EbyteKind, band: Band, memory: Memory, command: Uint8Array): Obeyed {
    const [operation, address = 0, count = 0, ...data] = command;
    if (command.length < 3 || count === 0) return refused(memory);
    if (operation === 0xc1 && data.length === 0) return read(kind, memory, { address, count });
    if (operation !== 0xc0 && operation !== 0xc2) return refused(memory);
    const registers = Uint8Array.from(memory.registers);
    if (data.length !== count || address + count > registers.length) return refused(memory);
    registers.set(data, address);
    if ((registers[kind.reg0 + 2] ?? 0) > BANDS[band].channelMax) return refused(memory);
    const reply = Uint8Array.of(0xc1, address, count, ...data);
    return { registers, flash: operation === 0xc0 ? Uint8Array.from(registers) : memory.flash, reply };
}

function read(
    kind: EbyteKind,
    memory: Memory,
    { address, count }: { readonly address: number; readonly count: number },
): Obeyed {
    const head = Uint8Array.of(0xc1, address, count);
    const product = PRODUCT[kind.name];
    if (address === product.address && count <= product.bytes.length) {
        return { ...memory, reply: concatBytes(head, Uint8Array.from(product.bytes.slice(0, count))) };
    }
    if (address + count > memory.registers.length) return refused(memory);
    const readable = memory.registers.slice();
    readable.fill(0, kind.registerCount);
    return { ...memory, reply: concatBytes(head, readable.subarray(address, address + count)) };
}

function refused(memory: Memory): Obeyed {
    return { ...memory, reply: Uint8Array.of(0xff, 0xff, 0xff) };
}

/** What the registers mean. */
export interface Meaning {
    readonly address: number;
    readonly networkId: number;
    readonly key: number;
    readonly baudRate: number;
    readonly airRateBps: number;
    readonly subPacketSize: number;
    readonly frequencyHz: number;
    readonly answersAmbient: boolean;
    readonly addsRssi: boolean;
    readonly isFixed: boolean;
    readonly listensBefore: boolean;
}

export function meaningOf(kind: EbyteKind, band: Band, registers: Uint8Array): Meaning {
    const at = (index: number): number => registers[index] ?? 0;
    const [reg0, reg1, channel, reg3] = [0, 1, 2, 3].map((offset) => at(kind.reg0 + offset)) as [
        number,
        number,
        number,
        number,
    ];
    return {
        address: (at(0) << 8) | at(1),
        networkId: kind.hasNetworkId ? at(2) : 0,
        key: (at(kind.registerCount) << 8) | at(kind.registerCount + 1),
        baudRate: BAUD_RATES[reg0 >> 5] ?? 9600,
        airRateBps: kind.airRatesBps[reg0 & 7] ?? 2400,
        subPacketSize: kind.subPacketSizes[reg1 >> 6] ?? 32,
        frequencyHz: frequencyOf(band, channel),
        answersAmbient: (reg1 & AMBIENT_BIT) !== 0,
        addsRssi: (reg3 & RSSI_BIT) !== 0,
        isFixed: (reg3 & FIXED_BIT) !== 0,
        listensBefore: (reg3 & LBT_BIT) !== 0,
    };
}

export function frequencyOf(band: Band, channel: number): number {
    return BANDS[band].firstHz + channel * 1_000_000;
}
