import { systemClock } from "../clock.ts";
import type { RadioKindName } from "../config/module-settings.ts";
import { RADIO_KINDS } from "../config/module-settings.ts";
import { RADIO_KIND_TABLE } from "../radio-kinds/registry.ts";
import { type Finding, probe } from "../radio-tools/probe.ts";
import { lastingName, type SerialDevice, serialDevices } from "../serial/devices.ts";
import { parsePortName } from "../serial/port-name.ts";
import { radioPort } from "../serial/radio-port.ts";
import { usbMeaning } from "../serial/usb-ids.ts";
import { configFrom, type SettingOptions } from "./settings-of.ts";
import { CommandError, type Terminal } from "./terminal.ts";
import { oneOfWords } from "./words.ts";

type ListOptions = SettingOptions & { readonly json?: boolean; readonly probe?: boolean };

/** What of the kernel's devices may be a radio; tests give their own. */
export type FindDevices = () => readonly SerialDevice[];

/** Shows USB serial devices. Without --probe nothing is opened; with it only known radio boards and configured ports are. */
export async function listRadios(
    options: ListOptions,
    terminal: Terminal,
    find: FindDevices = serialDevices,
): Promise<void> {
    const configured = configFrom(options, terminal).radios.map(({ port }) => port);
    const rows: Row[] = [];
    for (const device of find()) {
        const meaning = usbMeaning(device.usb);
        const names = [device.path, ...device.byId, `serial:${device.usb.serialNumber}`];
        const isConfigured = names.some((name) => configured.includes(name));
        const mayAsk = options.probe === true && (meaning.isRadio || isConfigured);
        const findings = mayAsk ? await probeOf(device.path, undefined, options.json === true, terminal) : undefined;
        rows.push({ ...device, meaning: meaning.title, isConfigured, ...(findings ? { findings } : {}) });
    }
    if (options.json) terminal.out(JSON.stringify(rows, undefined, 2));
    else terminal.out(listText(rows, options.probe === true));
}

interface Row extends SerialDevice {
    readonly meaning: string;
    readonly isConfigured: boolean;
    readonly findings?: readonly Finding[];
}

function listText(rows: readonly Row[], hasProbed: boolean): string {
    if (rows.length === 0)
        return "No USB serial device is plugged in. A module on the header: see hearth profiles boards.";
    const tail = hasProbed ? [] : ["Nothing was asked. Ask one what it is: hearth radio probe PORT"];
    return [...rows.flatMap(rowLines), ...tail].join("\n");
}

function rowLines(row: Row): readonly string[] {
    const { vendorId, productId, serialNumber, manufacturer, product } = row.usb;
    const names = [manufacturer, product].filter((word) => word !== undefined).join(", ");
    const answer = row.findings?.find((finding) => finding.answer)?.answer;
    const answered = answer ? `answers as ${answer.kind}: ${answer.text}` : "answers nothing that Hearth knows";
    return [
        `${row.path}${row.isConfigured ? "  (configured)" : ""}`,
        `    USB ${vendorId}:${productId}  ${names || "without a name"}`,
        `    ${row.meaning}`,
        `    serial number ${serialNumber ?? "none"}; port = ${JSON.stringify(lastingName(row))}`,
        ...(row.findings ? [`    ${answered}`] : []),
    ];
}

interface ProbeOptions {
    readonly kind?: string;
    readonly json?: boolean;
}

/** Asks a device that somebody named what it is. */
export async function probeRadio(port: string, options: ProbeOptions, terminal: Terminal): Promise<void> {
    const kind = options.kind === undefined ? undefined : oneOfWords(options.kind, RADIO_KINDS, "--kind");
    if (kind && RADIO_KIND_TABLE[kind].paramsForLaw) {
        throw new CommandError(
            `An ${kind} has no harmless question: without M0 and M1 it sends whatever it hears. Configure it with its lines; hearth status then tells whether it is there.`,
        );
    }
    const findings = await probeOf(port, kind, options.json === true, terminal);
    if (options.json) {
        terminal.out(JSON.stringify({ port, findings }, undefined, 2));
        return;
    }
    const found = findings.find(({ answer }) => answer)?.answer;
    if (!found) throw new CommandError(nothingText(port, findings));
    terminal.out(`${port} is a ${found.kind} (${RADIO_KIND_TABLE[found.kind].title}), ${found.text}.`);
    terminal.out(`Use it: hearth radio setup --port ${port} --kind ${found.kind}`);
}

export async function probeOf(
    port: string,
    kind: RadioKindName | undefined,
    isQuiet: boolean,
    terminal: Terminal,
): Promise<readonly Finding[]> {
    const name = parsePortName(port);
    if (!name.ok) throw new CommandError(name.error);
    const findings = await probe({
        portAt: radioPort({ name: port }),
        clock: systemClock,
        kind,
        onQuestion: (question) => {
            if (!isQuiet) terminal.err(`${port}: ${question} …`);
        },
    });
    if (findings.ok) return findings.value;
    throw new CommandError(`${findings.error}.`);
}

function nothingText(port: string, findings: readonly Finding[]): string {
    const bytes = findings.reduce((sum, { heardBytes }) => sum + heardBytes, 0);
    const heard = bytes === 0 ? "It said nothing at all" : `It said ${bytes} bytes that answer none of the questions`;
    return `${port} answered as no radio that Hearth knows. ${heard}: is it powered, are TX and RX crossed, is it an EBYTE module (which cannot be asked)?`;
}
