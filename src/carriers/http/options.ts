import type { Result } from "../../base/result.ts";
import type { Secret } from "../../base/secret.ts";
import type { Clock, UnixSeconds } from "../../base/time.ts";
import type { OuterEnvelope } from "../../wire/outer-envelope.ts";
import type { Carrier, CarrierId } from "../carrier.ts";
import type { HttpLimits, RateLimits } from "./limits.ts";
import type { MeetingSource } from "./meeting-host.ts";

/** The mailboxes as this carrier reads them; the depot's reader fits. */
export interface MailboxPages {
    /** Live messages of one key with `row > after`, oldest first; fewer than `limit` only where the mailbox ends. */
    page(query: {
        readonly routingKey: Uint8Array;
        readonly after: number;
        readonly limit: number;
        readonly now: UnixSeconds;
    }): readonly MailboxRow[];
    stats(now: UnixSeconds): { readonly mailboxes: number; readonly messages: number };
}

export interface MailboxRow {
    readonly row: number;
    readonly payload: Uint8Array;
}

/** What the server can say in the gateway's name; it never sees the secret key itself. */
export interface MailboxIdentity {
    readonly publicId: Uint8Array;
    readonly routingKey: Uint8Array;
    /** The 64-byte answer to a 32-byte challenge. */
    identityAnswer(challenge: Uint8Array): Uint8Array;
    /** The 64-byte receipt for a stored message. */
    receipt(messageId: Uint8Array): Promise<Uint8Array>;
    /** Of a message to this gateway; undefined where its ephemeral key is low-order. */
    ackSecret(outer: OuterEnvelope): Uint8Array | undefined;
}

/** A request as the signed headers cover it (SPEC 15). */
export interface SignedRequest {
    readonly method: string;
    /** Without the query. */
    readonly path: string;
    /** Every header as it came, duplicates included, one character a byte. */
    readonly headers: readonly (readonly [name: string, value: string])[];
    readonly body: Uint8Array;
    readonly now: UnixSeconds;
}

/** The public id that signed, or Ember's text that follows "Signature verification failed: ". */
export type VerifySigned = (request: SignedRequest) => Result<Uint8Array, string>;

export interface Credentials {
    readonly username: string;
    readonly password: Secret;
}

export interface MailboxServerOptions {
    readonly id: CarrierId;
    /** "node": the mailbox for everybody (SPEC 14). "embedded": direct delivery to this gateway's own key (SPEC 16). */
    readonly mode: "node" | "embedded";
    /** An address or a name, without brackets. */
    readonly host: string;
    /** 0 takes any free port. */
    readonly port: number;
    readonly mailbox: MailboxPages;
    readonly clock: Clock;
    /** The wall clock as the gateway believes it; `clock` if it is left out. */
    readonly wall?: (() => UnixSeconds) | undefined;
    /** Needed in embedded mode. Without one a node gives neither receipts nor identity answers. */
    readonly identity?: MailboxIdentity | undefined;
    /** Without it `x-node-signature` is not looked at. */
    readonly verifySigned?: VerifySigned | undefined;
    /** The carrier of the peer with this public id, whose verified requests count as having come that way. */
    readonly peerOf?: ((publicId: Uint8Array) => CarrierId | undefined) | undefined;
    /** Lets those peers compare depots. */
    readonly meetings?: MeetingSource | undefined;
    readonly credentials?: Credentials | undefined;
    /** Listen beyond loopback although nobody has to log in. */
    readonly allowAnonymous?: boolean | undefined;
    /** Count requests by the last entry of X-Forwarded-For, which the proxy itself wrote. */
    readonly trustProxy?: boolean | undefined;
    /** Ember's own figures if left out. Not used in embedded mode. */
    readonly rates?: RateLimits | undefined;
    readonly limits?: Partial<HttpLimits> | undefined;
}

export interface MailboxServer extends Carrier {
    /** Where it really listens; undefined unless started. */
    readonly address: { readonly host: string; readonly port: number; readonly url: string } | undefined;
}
