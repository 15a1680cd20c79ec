import { readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";

const BY_ID = "/dev/serial/by-id";
const USB_TTY = /^tty(?:USB|ACM)\d+$/;

/** USB serial devices that are plugged in; names that survive a replug come first, and each device once. */
export function serialDevices(): readonly string[] {
    const paths = [
        ...list(BY_ID).map((name) => join(BY_ID, name)),
        ...list("/dev")
            .filter((name) => USB_TTY.test(name))
            .map((name) => join("/dev", name)),
    ];
    const seen = new Set<string>();
    return paths.filter((path) => {
        const real = realpathOf(path);
        if (real === undefined || seen.has(real)) return false;
        seen.add(real);
        return true;
    });
}

function list(folder: string): readonly string[] {
    try {
        return readdirSync(folder).sort();
    } catch {
        return [];
    }
}

function realpathOf(path: string): string | undefined {
    try {
        return realpathSync(path);
    } catch {
        return undefined;
    }
}
