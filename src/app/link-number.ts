import type { Identity } from "../crypto/identity.ts";

/** The link numbers gateways with 14 bits. */
const NUMBER_MASK = 0x3fff;

/** 1..65535, the same at every start and most likely different from the neighbours'. */
export function addressOf({ publicId }: Identity): number {
    const [high = 0, low = 0] = publicId;
    return 1 + ((high * 256 + low) % 65_535);
}

/** This gateway on every link, 0..16383. */
export function linkNumberOf(identity: Identity): number {
    return addressOf(identity) & NUMBER_MASK;
}
