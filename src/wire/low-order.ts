import { equalBytes } from "../base/bytes.ts";
import { fromHex } from "../base/encoding.ts";

/** The byte strings that Ember refuses as public keys (SPEC section 3): every sender would share one secret with them. */
const LOW_ORDER: readonly Uint8Array[] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "cdeb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
    "4c9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7",
    "d9ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "daffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "dbffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
].flatMap((hex) => fromHex(hex) ?? []);

/** Compared byte for byte, as Ember does: other encodings of the same points pass. */
export function isLowOrder(publicKey: Uint8Array): boolean {
    return LOW_ORDER.some((each) => equalBytes(each, publicKey));
}
