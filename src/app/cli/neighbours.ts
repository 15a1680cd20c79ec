import { askGateway } from "../control/control-client.ts";
import type { MeshNeighbour } from "../mesh/meshes.ts";
import { configFrom, type SettingOptions } from "./settings-of.ts";
import { CommandError, type Terminal } from "./terminal.ts";

/** Shows the gateways that the running one has heard on its meshes. */
export async function showNeighbours(
    options: SettingOptions & { readonly json?: boolean },
    terminal: Terminal,
): Promise<void> {
    const { dataDir } = configFrom(options, terminal);
    const answer = await askGateway(dataDir, "neighbours");
    if (!answer.ok) throw new CommandError(`${answer.error}.`);
    const neighbours = answer.value as readonly MeshNeighbour[];
    if (options.json) terminal.out(JSON.stringify(neighbours, undefined, 2));
    else terminal.out(neighbours.length === 0 ? "Nobody heard yet." : neighbours.map(lineOf).join("\n"));
}

function lineOf({ carrier, node, name, hops, snrDb, agoS }: MeshNeighbour): string {
    const where =
        hops === undefined ? "hops unknown" : hops === 0 ? "direct" : `${hops} ${hops === 1 ? "hop" : "hops"}`;
    const signal = snrDb === undefined ? "" : `, SNR ${snrDb} dB`;
    return `${carrier}  ${node}${name === undefined ? "" : ` "${name}"`}  ${where}${signal}, heard ${ago(agoS)} ago`;
}

function ago(seconds: number): string {
    if (seconds < 120) return `${seconds} s`;
    if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
    return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} days`;
}
