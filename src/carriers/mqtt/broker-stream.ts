import { createHash, timingSafeEqual, X509Certificate } from "node:crypto";
import { connect as connectTcp, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { BrokerPlace } from "./broker-url.ts";
import { INCOMING_PACKET_SIZE_MAX } from "./limits.ts";
import { PacketGuard } from "./packet-guard.ts";

/** SHA-256 of the broker's certificate, or of the public key in it. */
export interface BrokerPin {
    readonly kind: "spki" | "cert";
    readonly hash: Uint8Array;
}

export interface BrokerTls {
    /** PEM; undefined: the roots of the system. */
    readonly ca: string | undefined;
    /** Must match besides the chain. */
    readonly pin: BrokerPin | undefined;
}

/** PUBACK of MQTT 3.1.1 section 3.4. */
export function puback(packetId: number): Uint8Array {
    return Uint8Array.of(0x40, 2, packetId >> 8, packetId & 0xff);
}

/** The way to a broker: nothing is written before its certificate was checked, and no giant packet comes through. */
export function openBrokerStream(place: BrokerPlace, tls: BrokerTls, onSkipped: () => void): Duplex {
    const { host, port } = place;
    const socket = place.tls ? connectTls({ host, port, ca: tls.ca, ...nameFor(host) }) : connectTcp({ host, port });
    socket.setNoDelay(true);
    // Writes wait here until the broker has shown who it is.
    let held: (() => void) | undefined;
    let isReady = false;
    const write = (bytes: Uint8Array, done: (error?: Error | null) => void): void => {
        const send = (): void => void socket.write(bytes, (error) => done(error));
        if (isReady) send();
        else held = send;
    };
    const stream = new Duplex({
        read: () => void socket.resume(),
        write: (bytes: Uint8Array, _, done) => write(bytes, done),
        writev: (chunks, done) => write(Buffer.concat(chunks.map(({ chunk }) => Buffer.from(chunk))), done),
        final(done) {
            socket.end(done);
        },
        destroy(error, done) {
            socket.destroy();
            done(error);
        },
    });
    const guard = new PacketGuard({
        sizeMax: INCOMING_PACKET_SIZE_MAX,
        onSkipped(packetId) {
            if (packetId !== undefined) stream.write(puback(packetId));
            onSkipped();
        },
        onBroken: () => stream.destroy(refusal("the answer is no MQTT")),
    });
    socket.on(place.tls ? "secureConnect" : "connect", () => {
        if (tls.pin && !matches(socket, tls.pin)) {
            stream.destroy(refusal("its certificate is not the pinned one"));
            return;
        }
        isReady = true;
        held?.();
    });
    socket.on("data", (chunk: Buffer) => {
        for (const piece of guard.feed(chunk)) if (!stream.push(piece)) socket.pause();
    });
    socket.on("end", () => stream.push(null));
    socket.on("error", (error) => stream.destroy(error));
    socket.on("close", () => stream.destroy());
    return stream;
}

/** An address has no place in a TLS server name. */
function nameFor(host: string): { readonly servername?: string } {
    return /^[\d.]+$|:/.test(host) ? {} : { servername: host };
}

/** The MQTT library reports only errors that have a code. */
function refusal(text: string): Error {
    return Object.assign(new Error(text), { code: "HEARTH_REFUSED" });
}

function matches(socket: Socket | TLSSocket, { kind, hash }: BrokerPin): boolean {
    const raw = "getPeerCertificate" in socket ? socket.getPeerCertificate().raw : undefined;
    if (!raw) return false;
    const bytes = kind === "cert" ? raw : new X509Certificate(raw).publicKey.export({ type: "spki", format: "der" });
    return timingSafeEqual(createHash("sha256").update(bytes).digest(), hash);
}
