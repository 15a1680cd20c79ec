import { systemEntropy } from "../entropy.ts";
import { newNetworkKey } from "../network-keys.ts";
import { configFrom, type SettingOptions } from "./settings-of.ts";
import type { Terminal } from "./terminal.ts";

/** Prints a fresh network key that can follow those of the configuration. */
export function showNewNetworkKey(options: SettingOptions, terminal: Terminal): void {
    const { radios } = configFrom(options, terminal);
    const keys = radios.flatMap(({ network }) =>
        [network?.current, network?.next].flatMap((key) => key?.reveal() ?? []),
    );
    terminal.out(newNetworkKey(systemEntropy, keys));
    terminal.err("The same on every gateway of the network, as network_key of its [[radio]]. Keep it to yourselves.");
    if (keys.length > 0)
        terminal.err("First everywhere as network_key_next; see docs/link.md, Rotation without a gap.");
}
