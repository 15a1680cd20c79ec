import mqttClient from "mqtt/lib/client";
import { err, ok, type Result } from "../../base/result.ts";
import type { Clock } from "../../base/time.ts";
import { type BrokerTls, openBrokerStream, puback } from "./broker-stream.ts";
import type { BrokerPlace, Login } from "./broker-url.ts";
import { ANSWER_MS_MAX, ARRIVALS_MAX, CONNECT_MS_MAX, KEEP_ALIVE_S, LEAVE_MS_MAX } from "./limits.ts";

export interface Publish {
    readonly topic: string;
    readonly text: string;
    readonly retain: boolean;
}

export interface ConnectionOptions {
    readonly place: BrokerPlace;
    readonly login: Login | undefined;
    readonly tls: BrokerTls;
    readonly clientId: string;
    readonly filters: readonly string[];
    /** What the broker publishes when this gateway is gone without a word. */
    readonly will: Publish | undefined;
    readonly clock: Clock;
    /** Connected, and every subscription is granted. */
    readonly onUp: () => void;
    /** The broker gets its acknowledgment only after "taken", and none after "later". */
    readonly onMessage: (message: Publish) => Promise<"taken" | "later">;
    /** A message was too large to be read. */
    readonly onSkipped: () => void;
    /** Once, with the reason. */
    readonly onClosed: (reason: string) => void;
}

export interface Connection {
    /** Settles with the broker's acknowledgment, or when there will be none. Never rejects. */
    publish(message: Publish): Promise<Result<void, string>>;
    /** Says good-bye, within a bounded time; `lastWords` go out before. */
    leave(lastWords: Publish | undefined): Promise<void>;
}

/** Loaders disagree about what a CommonJS module exports by default. */
const MqttClient = "default" in mqttClient ? mqttClient.default : mqttClient;

/** To the library an error means: not acknowledged, go on with the next packet. */
const NOT_YET = new Error("not acknowledged yet");

/**
 * One life of one connection, with a session that the broker keeps over it. Reconnecting is the carrier's business, so
 * that the library neither repeats publishes of its own nor hides what became of them.
 */
export function openConnection(options: ConnectionOptions): Connection {
    const { place, login, tls, clock, will } = options;
    const stream = openBrokerStream(place, tls, options.onSkipped);
    let reason: string | undefined;
    let isClosed = false;
    const waiting = new Set<(result: Result<void, string>) => void>();
    const mqtt = new MqttClient(() => stream, {
        protocolVersion: 4,
        clientId: options.clientId,
        clean: false,
        keepalive: KEEP_ALIVE_S,
        connectTimeout: CONNECT_MS_MAX,
        reconnectPeriod: 0,
        resubscribe: false,
        // Its own log shows logins.
        log: () => undefined,
        ...(login ? { username: login.username, password: login.password.reveal() } : {}),
        ...(will ? { will: { topic: will.topic, payload: Buffer.from(will.text), qos: 1, retain: will.retain } } : {}),
    });
    const fail = (why: string): void => {
        reason ??= why;
        stream.destroy();
    };
    mqtt.on("error", (error) => fail(textOf(error)));
    mqtt.on("close", () => {
        if (isClosed) return;
        isClosed = true;
        const why = reason ?? "the connection was closed";
        for (const settle of waiting) settle(err(why));
        options.onClosed(why);
        mqtt.end(true);
    });
    mqtt.on("connect", () => {
        if (options.filters.length === 0) return options.onUp();
        mqtt.subscribe([...options.filters], { qos: 1 }, (error) => {
            if (error) fail(`it refuses the subscription: ${textOf(error)}`);
            else if (!isClosed) options.onUp();
        });
    });
    mqtt.handleMessage = arrivals(options.onMessage, (packetId) => {
        if (!isClosed) stream.write(puback(packetId));
    });
    const publish = (message: Publish): Promise<Result<void, string>> =>
        new Promise((resolve) => {
            if (isClosed) return resolve(err("the connection was closed"));
            const late = clock.schedule(clock.now().monotonic + ANSWER_MS_MAX, () =>
                fail(`no acknowledgment within ${ANSWER_MS_MAX / 1000} s`),
            );
            const settle = (result: Result<void, string>): void => {
                if (!waiting.delete(settle)) return;
                late();
                resolve(result);
            };
            waiting.add(settle);
            mqtt.publish(message.topic, message.text, { qos: 1, retain: message.retain }, (error) =>
                settle(error ? err(textOf(error)) : ok(undefined)),
            );
        });
    return {
        publish,
        async leave(lastWords) {
            if (isClosed) return;
            reason = "left";
            const left = Promise.withResolvers<void>();
            const cancel = clock.schedule(clock.now().monotonic + LEAVE_MS_MAX, left.resolve);
            stream.once("close", left.resolve);
            if (lastWords && mqtt.connected) await Promise.race([publish(lastWords), left.promise]);
            mqtt.end(!mqtt.connected);
            await left.promise;
            cancel();
            stream.destroy();
        },
    };
}

/**
 * Messages are handed on as they come, several at a time, and acknowledged in whatever order they become durable. The
 * library would wait for each before it reads the next, and a broker throws away what a slow reader leaves behind.
 */
function arrivals(
    onMessage: ConnectionOptions["onMessage"],
    acknowledge: (packetId: number) => void,
): InstanceType<typeof MqttClient>["handleMessage"] {
    let count = 0;
    let goOn: (() => void) | undefined;
    return ({ topic, payload, retain, qos, messageId }, callback) => {
        count++;
        void onMessage({ topic, text: Buffer.from(payload).toString("latin1"), retain }).then((verdict) => {
            if (verdict === "taken" && qos > 0 && messageId !== undefined) acknowledge(messageId);
            count--;
            goOn?.();
            goOn = undefined;
        });
        if (count < ARRIVALS_MAX) callback(NOT_YET);
        else goOn = () => callback(NOT_YET);
    };
}

function textOf(error: unknown): string {
    return error instanceof Error
        ? error.message || ("code" in error ? String(error.code) : error.name)
        : String(error);
}
