import { askGateway } from "../control/control-client.ts";
import { type CarrierStatus, type GatewayStatus, QUEUE_SHOWN_MAX, type RadioStatus } from "../control/status.ts";
import { configFrom, type SettingOptions } from "./settings-of.ts";
import { CommandError, type Terminal } from "./terminal.ts";

/** Shows what the gateway of this data directory is doing. */
export async function showStatus(
    options: SettingOptions & { readonly json?: boolean },
    terminal: Terminal,
): Promise<void> {
    const { dataDir } = configFrom(options, terminal);
    const answer = await askGateway(dataDir, "status");
    if (!answer.ok) throw new CommandError(`${answer.error}.`);
    const status = answer.value as GatewayStatus;
    terminal.out(options.json ? JSON.stringify(status, undefined, 2) : statusText(status));
}

function statusText({ name, region, mailboxUrl, upMs, store, carriers }: GatewayStatus): string {
    const where = region === undefined ? "no region: it only listens" : region;
    return [
        `${name}, ${where}, up ${duration(upMs)}`,
        `${count(store.messages, "message")} stored, ${store.bytes} bytes; mailbox ${mailboxUrl}`,
        ...carriers.flatMap(carrierLines),
    ].join("\n");
}

function carrierLines({
    id,
    state,
    stateAgoMs,
    downs,
    queue,
    stored,
    delivered,
    radio,
}: CarrierStatus): readonly string[] {
    const since = stateAgoMs === undefined ? "" : ` for ${duration(stateAgoMs)}`;
    const detail = state?.kind === "up" ? state.detail : state && "reason" in state ? state.reason : undefined;
    const waiting = queue === QUEUE_SHOWN_MAX ? `${queue} or more` : String(queue);
    const flow = [`in ${stored}`, ...(radio ? [`out ${delivered}`, `waiting ${waiting}`, count(downs, "outage")] : [])];
    return [
        "",
        `${id}  ${state?.kind ?? "not started"}${since}${detail === undefined ? "" : `: ${detail}`}`,
        `    ${flow.join(", ")}`,
        ...(radio ? radioLines(radio) : []),
    ];
}

function radioLines({
    kind,
    port,
    channel,
    sentFrames,
    heardFrames,
    airtimeMs,
    airtimeMaxMs,
    lastHeard,
}: RadioStatus): readonly string[] {
    const used = `${(airtimeMs / 1000).toFixed(1)} s`;
    const share =
        airtimeMaxMs === undefined
            ? "no limit by the hour"
            : `of ${airtimeMaxMs / 1000} s, ${((100 * airtimeMs) / airtimeMaxMs).toFixed(1)} %`;
    const heard = lastHeard
        ? `last heard ${duration(lastHeard.agoMs)} ago, ${lastHeard.rssiDbm ?? "?"} dBm, SNR ${lastHeard.snrDb ?? "?"} dB`
        : "nobody heard yet";
    return [
        `    ${kind} on ${port}; ${channel}`,
        `    airtime of the last hour ${used} (${share}); frames sent ${sentFrames}, heard ${heardFrames}`,
        `    ${heard}`,
    ];
}

function duration(ms: number): string {
    const seconds = Math.floor(ms / 1000);
    if (seconds < 120) return `${seconds} s`;
    const minutes = Math.floor(seconds / 60);
    if (minutes < 120) return `${minutes} min`;
    const hours = Math.floor(minutes / 60);
    return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

function count(number: number, word: string): string {
    return `${number} ${word}${number === 1 ? "" : "s"}`;
}
