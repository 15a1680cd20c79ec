import { systemEntropy } from "../src/app/entropy.ts";
import { newMessageId } from "../src/app/message-id.ts";
import { makeIdentity } from "../src/crypto/identity.ts";
import { nobleCrypto } from "../src/crypto/noble.ts";
import { nativeCrypto } from "../src/crypto/node/native.ts";
import type { CryptoPrimitives } from "../src/crypto/primitives.ts";
import { openMessage, sealMessage } from "../src/crypto/sealing.ts";
import { xeddsaSign, xeddsaVerify } from "../src/crypto/xeddsa.ts";
import { decodeWirePayload } from "../src/wire/payload.ts";
import type { Bench, Figure } from "./figure.ts";

const RUN_MS = 1_500;
const WARM_MS = 300;
const SECRET = Uint8Array.from({ length: 32 }, (_, index) => index * 5);
const OTHER = Uint8Array.from({ length: 32 }, (_, index) => index * 3 + 1);
const TEXT = "Twenty letters, more";
/** Native is used because it is faster; where it is not, it has no place. */
const AIM_FASTER = 1;

export const bench: Bench = {
    title: "Ember's bytes: operations per second, native beside plain JavaScript",
    async run(report) {
        const native = rates(nativeCrypto);
        const noble = rates(nobleCrypto);
        for (const [name, rate] of native) {
            report(figure(`wire.${name}`, rate, "1/s", null));
            const plain = noble.get(name);
            // The exact form multiplies points in JavaScript in both sets, so there is nothing to compare.
            if (plain !== undefined && name !== "sign_fixed_z")
                report(figure(`wire.${name}.native_to_noble`, rate / plain, "ratio", AIM_FASTER));
        }
        report(figure("wire.sign.fast_to_fixed_z", ratio(native, "sign", "sign_fixed_z"), "ratio", AIM_FASTER));
        report(figure("wire.decode", perSecond(decodeOne()), "1/s", null));
    },
};

function rates(crypto: CryptoPrimitives): ReadonlyMap<string, number> {
    const sender = makeIdentity({ crypto, entropy: systemEntropy, secret: SECRET });
    const recipient = makeIdentity({ crypto, entropy: systemEntropy, secret: OTHER });
    const seal = () =>
        sealMessage({
            crypto,
            entropy: systemEntropy,
            sender,
            recipient: recipient.publicId,
            inner: {
                from: sender.publicId,
                createdAtMs: 1_767_225_600_000n,
                content: { kind: "text", body: TEXT },
                prevSelf: undefined,
                observedHeads: [],
                epoch: 0,
                flags: 0,
            },
            messageId: newMessageId(systemEntropy),
            nowHours: 490_896,
            ttlHours: 168,
        });
    const sealed = seal();
    if (!sealed.ok) throw new Error("nothing was sealed");
    const message = sealed.value.payload;
    const signature = sender.sign(message);
    const z = new Uint8Array(64).fill(1);
    return new Map([
        ["seal", perSecond(seal)],
        ["open", perSecond(() => must(openMessage({ crypto, recipient, outer: sealed.value.outer }).ok))],
        ["sign", perSecond(() => sender.sign(message))],
        ["sign_fixed_z", perSecond(() => xeddsaSign(crypto, { secret: SECRET, message, z }))],
        ["verify", perSecond(() => must(xeddsaVerify(crypto, { publicId: sender.publicId, message, signature })))],
    ]);
}

function ratio(rates: ReadonlyMap<string, number>, one: string, other: string): number {
    return (rates.get(one) ?? Number.NaN) / (rates.get(other) ?? Number.NaN);
}

/** What the last run made is kept, so that no compiler can leave the work out. */
let kept: unknown;

function decodeOne(): () => void {
    const identity = makeIdentity({ crypto: nativeCrypto, entropy: systemEntropy, secret: SECRET });
    const sealed = sealMessage({
        crypto: nativeCrypto,
        entropy: systemEntropy,
        sender: identity,
        recipient: identity.publicId,
        inner: {
            from: identity.publicId,
            createdAtMs: 0n,
            content: { kind: "text", body: TEXT },
            prevSelf: undefined,
            observedHeads: [],
            epoch: 0,
            flags: 0,
        },
        messageId: newMessageId(systemEntropy),
        nowHours: 490_896,
        ttlHours: 168,
    });
    if (!sealed.ok) throw new Error("nothing was sealed");
    const { payload } = sealed.value;
    return () => {
        const decoded = decodeWirePayload(payload);
        must(decoded.ok && decoded !== kept);
        kept = decoded;
    };
}

function must(holds: boolean): void {
    if (!holds) throw new Error("the answer was wrong");
}

function perSecond(work: () => unknown): number {
    spin(work, WARM_MS);
    return spin(work, RUN_MS);
}

function spin(work: () => unknown, forMs: number): number {
    const started = performance.now();
    let runs = 0;
    let now = started;
    while (now - started < forMs) {
        for (let inner = 0; inner < 8; inner++) work();
        runs += 8;
        now = performance.now();
    }
    return (runs * 1000) / (now - started);
}

function figure(name: string, value: number, unit: string, target: number | null): Figure {
    return { name, value, unit, target, better: "higher" };
}
