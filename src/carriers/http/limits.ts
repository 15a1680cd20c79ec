/** What one mailbox server spends on its clients at most. Every figure can be set by the configuration or a test. */
export interface HttpLimits {
    /** Largest submit body, in bytes. */
    readonly bodySizeMax: number;
    /** Most frames in one submit body. */
    readonly framesMax: number;
    /** All submit bodies that are being read or worked on, in bytes. */
    readonly bodiesInFlightBytesMax: number;
    /** Requests without an answer, on all connections together. */
    readonly requestsInFlightMax: number;
    /** Requests without an answer on one connection. */
    readonly pipelinedMax: number;
    readonly connectionsMax: number;
    /** Request line and headers together, in bytes. */
    readonly headerSizeMax: number;
    /** Path and query, in characters. */
    readonly urlLengthMax: number;
    /** From the first byte of a request to the end of its headers, in milliseconds. */
    readonly headersMsMax: number;
    /** From the first byte of a request to the end of its body, in milliseconds. */
    readonly requestMsMax: number;
    /** Silence between two requests of one connection, in milliseconds. */
    readonly keepAliveMs: number;
    /** Silence on a connection in the middle of anything, e.g. a client that does not read, in milliseconds. */
    readonly stallMsMax: number;
    /** How often the three limits of time above are looked at, in milliseconds. */
    readonly checkEveryMs: number;
    /** Answers of one connection that the client has not taken yet, in bytes. */
    readonly unreadBytesMax: number;
    /** How much of a refused body is read and thrown away to keep its connection usable, in bytes. */
    readonly drainBytesMax: number;
    /** How long `stop` waits for running requests, in milliseconds. */
    readonly stopMsMax: number;
}

/** SPEC 14 names body and frames of the node, SPEC 16 those of the embedded server; the rest is ours. */
export const NODE_LIMITS: HttpLimits = {
    bodySizeMax: 2 * 1024 * 1024,
    framesMax: 100,
    bodiesInFlightBytesMax: 32 * 1024 * 1024,
    requestsInFlightMax: 2_048,
    pipelinedMax: 128,
    connectionsMax: 512,
    headerSizeMax: 16 * 1024,
    urlLengthMax: 2_048,
    headersMsMax: 10_000,
    requestMsMax: 30_000,
    keepAliveMs: 15_000,
    stallMsMax: 60_000,
    checkEveryMs: 1_000,
    unreadBytesMax: 1024 * 1024,
    drainBytesMax: 4 * 1024 * 1024,
    stopMsMax: 2_000,
};

export const EMBEDDED_LIMITS: HttpLimits = { ...NODE_LIMITS, bodySizeMax: 512 * 1024, framesMax: 10 };

/** Largest answer to a fetch, in bytes of JSON (SPEC 14.5). */
export const FETCH_ANSWER_SIZE_MAX = 65_536;

/** Rows of one fetch page; also the default of `limit` (SPEC 14.5). */
export const FETCH_ROWS_MAX = 100;

/**
 * The JSON around a page of one payload: the longest row number that a double holds exactly, and "false", which is the
 * longer flag.
 */
const FETCH_FRAMING_MAX = '{"payloads":[""],"next_cursor":"9007199254740991","has_more":false}'.length;

/**
 * Largest message that a fetch page can carry whatever its row number, in bytes of WirePayload: 49,101. Ember takes
 * larger ones and then fails every fetch that meets them.
 */
export const FETCHABLE_SIZE_MAX = Math.floor((FETCH_ANSWER_SIZE_MAX - FETCH_FRAMING_MAX) / 4) * 3;

/** Buckets of one rate limiter; the one that was idle longest makes room. */
export const RATE_BUCKETS_MAX = 10_000;

/** What a client should wait when the gateway is busy, in seconds. */
export const BUSY_RETRY_S = 1;

/** Requests per second and how many may come at once. `perSecond` 0 is no limit, `burst` 0 takes `perSecond`. */
export interface Rate {
    readonly perSecond: number;
    readonly burst: number;
}

export interface RateLimits {
    /** Submits of one client address. */
    readonly submitIp: Rate;
    /** Message frames for one routing key. */
    readonly submitKey: Rate;
    readonly fetchIp: Rate;
    readonly fetchKey: Rate;
}

/** Ember's figures (SPEC 14.7), meaning what they say. */
export const NODE_RATES: RateLimits = {
    submitIp: { perSecond: 10, burst: 10 },
    submitKey: { perSecond: 5, burst: 20 },
    fetchIp: { perSecond: 20, burst: 50 },
    fetchKey: { perSecond: 10, burst: 30 },
};

const UNLIMITED: Rate = { perSecond: 0, burst: 0 };

export const NO_RATES: RateLimits = {
    submitIp: UNLIMITED,
    submitKey: UNLIMITED,
    fetchIp: UNLIMITED,
    fetchKey: UNLIMITED,
};
