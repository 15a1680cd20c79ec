/** Every error that firmware's routing tells, by its number on the air. */
const ROUTING_FAILURES = {
    1: "no_route",
    2: "got_nak",
    3: "timeout",
    4: "no_interface",
    5: "max_retransmit",
    6: "no_channel",
    7: "too_large",
    8: "no_response",
    9: "duty_cycle_limit",
    32: "bad_request",
    33: "not_authorized",
    34: "pki_failed",
    35: "pki_unknown_pubkey",
    36: "admin_bad_session_key",
    37: "admin_public_key_unauthorized",
    38: "rate_limit_exceeded",
    39: "pki_send_fail_public_key",
} as const;

export type RoutingFailure = (typeof ROUTING_FAILURES)[keyof typeof ROUTING_FAILURES] | "unknown_failure";

/** What happens on this side of the air. */
export type LocalFailure =
    /** No node, or one that is still being asked for its settings. */
    | "not_ready"
    /** The node may not transmit: region not set, or transmitting switched off by its owner. */
    | "muted"
    /** Too many sends wait in this driver already. */
    | "busy"
    /** The node's transmit queue had no place left; the packet is gone. */
    | "queue_full"
    /** The node's radio is switched off or missing. */
    | "radio_off"
    /** The node neither took nor refused the packet. */
    | "silent"
    /** No acknowledgment and no failure came back in any reasonable time. */
    | "ack_timeout"
    /** The node went away or started again with the packet in its hands: it may have been sent. */
    | "interrupted"
    | "stopped";

export interface MeshError {
    readonly kind: RoutingFailure | LocalFailure;
    /** Whether the same bytes to the same address may get through later. */
    readonly retry: boolean;
    /** For people: what happened and what to do. */
    readonly detail: string;
}

type Explanation = Omit<MeshError, "kind">;
const later = (detail: string): Explanation => ({ retry: true, detail });
const never = (detail: string): Explanation => ({ retry: false, detail });

const EXPLANATIONS: Readonly<Record<MeshError["kind"], Explanation>> = {
    no_route: later("the mesh knows no way to that node"),
    got_nak: later("a node on the way refused the packet"),
    timeout: later("the mesh gave up waiting"),
    no_interface: later("the node has no radio for this packet"),
    max_retransmit: later("that node did not acknowledge, however often the packet was sent"),
    no_channel: never("the node has no such channel, or its channel has no key"),
    too_large: never("the packet does not fit one LoRa frame"),
    no_response: never("nobody answers on that port over there"),
    duty_cycle_limit: later("the node has used up its airtime of this hour"),
    bad_request: never("the node did not understand the packet"),
    not_authorized: never("the other node does not allow this"),
    pki_failed: never("the node could not encrypt for that node's key"),
    pki_unknown_pubkey: later("the other node does not know this node's key yet; it sends its own now"),
    admin_bad_session_key: never("the session key is wrong"),
    admin_public_key_unauthorized: never("this node's key may not administer the other node"),
    rate_limit_exceeded: later("the node takes packets of this port only every few seconds"),
    pki_send_fail_public_key: later("the node does not know that node's public key yet: wait for its NodeInfo"),
    unknown_failure: later("the mesh failed in a way that is new to this version"),
    not_ready: later("the node is not ready"),
    muted: later("the node may not transmit"),
    busy: later("too many packets wait already"),
    queue_full: later("the node's transmit queue is full"),
    radio_off: later("the node's radio is switched off"),
    silent: later("the node said nothing to the packet"),
    ack_timeout: later("neither an acknowledgment nor a failure came back"),
    interrupted: later("the node went away or started again meanwhile"),
    stopped: never("the driver is stopped"),
};

export function meshError(kind: MeshError["kind"], detail?: string): MeshError {
    const explanation = EXPLANATIONS[kind];
    return { kind, retry: explanation.retry, detail: detail ?? explanation.detail };
}

/** `code` is not zero. */
export function routingError(code: number): MeshError {
    const known = ROUTING_FAILURES[code as keyof typeof ROUTING_FAILURES];
    return known ? meshError(known) : meshError("unknown_failure", `the mesh failed with the unknown number ${code}`);
}

/** The router's own results share `QueueStatus.res` with the routing errors; it has nothing else above 31. */
const RES_UNKNOWN = 32;
const RES_NO_INTERFACES = 33;
const RES_DISABLED = 34;
/** Not an error: the packet was for the node itself. */
const RES_SHOULD_RELEASE = 35;

/** Why the node did not take a packet; undefined when it did. */
export function queueError(res: number): MeshError | undefined {
    if (res === 0 || res === RES_SHOULD_RELEASE) return undefined;
    if (res === RES_UNKNOWN) return meshError("queue_full");
    if (res === RES_NO_INTERFACES) return meshError("no_interface");
    if (res === RES_DISABLED) return meshError("radio_off");
    return routingError(res);
}
