import { isIPv6 } from "node:net";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";

/** Interfaces that are used at most. */
const INTERFACES_MAX = 16;
/** Addresses of one interface that are used at most, of each family. */
const ADDRESSES_MAX = 4;

/** One way into a network, of one address family. */
export interface NetworkWay {
    readonly interfaceName: string;
    readonly family: 4 | 6;
    /** Own addresses there; the first one sends. */
    readonly addresses: readonly string[];
    readonly subnets: readonly Subnet[];
}

interface Subnet {
    readonly base: bigint;
    readonly bits: number;
}

/** What the system has now, without loopback; `only` names those that are wanted, or none for all. */
export function networkWays(only: readonly string[], found = networkInterfaces()): readonly NetworkWay[] {
    return Object.entries(found)
        .filter(([name]) => only.length === 0 || only.includes(name))
        .slice(0, INTERFACES_MAX)
        .flatMap(([name, infos = []]) =>
            [wayOf(name, 4, infos), wayOf(name, 6, infos)].filter((way) => way !== undefined),
        );
}

function wayOf(interfaceName: string, family: 4 | 6, infos: readonly NetworkInterfaceInfo[]): NetworkWay | undefined {
    const mine = infos.filter((info) => !info.internal && info.family === `IPv${family}`).slice(0, ADDRESSES_MAX);
    if (mine.length === 0) return undefined;
    const subnets = mine.flatMap(({ cidr }) => subnetOf(cidr) ?? []);
    return { interfaceName, family, addresses: mine.map(({ address }) => address), subnets };
}

/**
 * An address out of a packet as it can be dialled, if it is on the link that the packet came by: nobody makes this
 * gateway speak to machines elsewhere, or to itself.
 */
export function reachableOver(way: NetworkWay, address: string): string | undefined {
    const bare = address.split("%")[0] ?? "";
    const number = numberOf(bare);
    if (number === undefined || way.addresses.includes(bare)) return undefined;
    const isInside = way.subnets.some(({ base, bits }) => number >> (width(bare) - BigInt(bits)) === base);
    if (!isInside) return undefined;
    return isLinkLocal6(bare) ? `${bare}%${way.interfaceName}` : bare;
}

export function isLinkLocal6(address: string): boolean {
    return /^fe[89ab]/i.test(address);
}

function subnetOf(cidr: string | null): Subnet | undefined {
    const [address = "", bitsText = ""] = (cidr ?? "").split("/");
    const number = numberOf(address);
    const bits = Number(bitsText);
    return number === undefined ? undefined : { base: number >> (width(address) - BigInt(bits)), bits };
}

function width(address: string): bigint {
    return address.includes(":") ? 128n : 32n;
}

/** The address as a number; undefined for what is none. */
function numberOf(address: string): bigint | undefined {
    if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(address)) {
        const bytes = address.split(".").map(Number);
        return bytes.some((byte) => byte > 255)
            ? undefined
            : bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
    }
    if (!isIPv6(address) || address.includes(".")) return undefined;
    const [head = "", tail] = address.split("::");
    const groups = (text: string | undefined): readonly string[] => (text ? text.split(":") : []);
    const middle = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
    const all = [...groups(head), ...Array<string>(middle).fill("0"), ...groups(tail)];
    return all.reduce((sum, group) => sum * 65_536n + BigInt(Number.parseInt(group, 16)), 0n);
}
