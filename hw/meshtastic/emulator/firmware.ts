import type { Millis } from "../../../src/base/time.ts";

/** What became different between versions of the firmware, as far as clients notice. */
export interface Firmware {
    readonly version: string;
    /** Broadcasts with room for it carry a signature. */
    readonly signs: boolean;
    readonly answersHeartbeats: boolean;
    /** 69420 asks for everything but the nodes, 69421 for the nodes only. */
    readonly hasShortDialogues: boolean;
    readonly hasDeviceUi: boolean;
    /** Says on its serial line that it has started, before anybody asked. */
    readonly saysRebooted: boolean;
    /** Places in the queue towards the client; small boards have 8. */
    readonly toClientMax: number;
}

export const FIRMWARES = {
    "2.5": {
        version: "2.5.20.4c97351",
        signs: false,
        answersHeartbeats: false,
        hasShortDialogues: false,
        hasDeviceUi: false,
        saysRebooted: true,
        toClientMax: 32,
    },
    "2.6": {
        version: "2.6.11.60ec05e",
        signs: false,
        answersHeartbeats: true,
        hasShortDialogues: true,
        hasDeviceUi: true,
        saysRebooted: false,
        toClientMax: 32,
    },
    "2.7": {
        version: "2.7.26.54e0d8d",
        signs: false,
        answersHeartbeats: true,
        hasShortDialogues: true,
        hasDeviceUi: true,
        saysRebooted: false,
        toClientMax: 32,
    },
    "2.8": {
        version: "2.8.0.1a2b3c4",
        signs: true,
        answersHeartbeats: true,
        hasShortDialogues: true,
        hasDeviceUi: true,
        saysRebooted: false,
        toClientMax: 8,
    },
} as const satisfies Record<string, Firmware>;

export type FirmwareName = keyof typeof FIRMWARES;

/** Results of the router that share `QueueStatus.res` with the routing errors. */
export const RES_UNKNOWN = 32;
export const RES_DISABLED = 34;

/** Routing errors that the emulated firmware makes. */
export const NONE = 0;
export const MAX_RETRANSMIT = 5;
export const NO_CHANNEL = 6;
export const TOO_LARGE = 7;
export const DUTY_CYCLE_LIMIT = 9;
export const PKI_FAILED = 34;
export const PKI_UNKNOWN_PUBKEY = 35;
export const RATE_LIMIT_EXCEEDED = 38;
export const PKI_SEND_FAIL_PUBLIC_KEY = 39;

export const TX_QUEUE_MAX = 16;
/** First try and two more. */
export const TRIES_MAX = 3;
/** Shares of an hour in which a node of the region may transmit, where it is not all of it. */
export const DUTY_PERCENT: Readonly<Record<string, number>> = {
    EU_433: 10,
    EU_868: 10,
    TH: 10,
    UA_433: 10,
    UA_868: 1,
};

/** What can go wrong with an emulated node, to be set at any time. */
export interface NodeMisbehaviour {
    /** Says nothing to its client, hears nothing from it. */
    readonly isSilent: boolean;
    /** Put in front of each packet for the client. */
    readonly garbage: Uint8Array | undefined;
    /** Of so many of the next packets for the client only the first half comes through. */
    readonly halfPackets: number;
    /** Swallows so many of the next queue statuses. */
    readonly queueStatusesLost: number;
    /** Never comes to the end of its settings. */
    readonly refusesConfig: boolean;
    /** Answers every dialogue with another number than the one asked. */
    readonly liesAboutConfig: boolean;
    /** Takes no packet from the client: the transmit queue counts as full. */
    readonly isQueueFull: boolean;
    /** Starts again after so many more packets from the client. */
    readonly rebootAfter: number;
    /** Each word to the client comes so much later. */
    readonly extraMs: Millis;
}

export const WELL_BEHAVED: NodeMisbehaviour = {
    isSilent: false,
    garbage: undefined,
    halfPackets: 0,
    queueStatusesLost: 0,
    refusesConfig: false,
    liesAboutConfig: false,
    isQueueFull: false,
    rebootAfter: Number.POSITIVE_INFINITY,
    extraMs: 0,
};
