import { boardFiles } from "../../../profiles/boards/index.ts";
import { type ModuleProfile, moduleFiles } from "../../../profiles/modules/index.ts";
import { type PresetProfile, presetFiles } from "../../../profiles/presets/index.ts";
import { findRegion, type RegionProfile, regionNames } from "../../link/region.ts";
import { boardText, moduleText, presetText, regionText } from "../profiles/explain.ts";
import type { Terminal } from "./terminal.ts";
import { oneOfWords } from "./words.ts";

interface Shelf<Profile> {
    readonly names: readonly string[];
    get(name: string): Profile | undefined;
    /** Everything there is to say. */
    explain(profile: Profile): string;
    readonly title: string;
}

type Titled = { readonly name: string; readonly title: string };

const SHELVES = {
    regions: shelf<RegionProfile>("laws of the air", regionNames(), findRegion, regionText),
    modules: shelf<ModuleProfile>("radio modules", Object.keys(moduleFiles), (name) => moduleFiles[name], moduleText),
    boards: shelf("computers and HATs", Object.keys(boardFiles), (name) => boardFiles[name], boardText),
    presets: shelf<PresetProfile>(
        "channels by name",
        Object.keys(presetFiles),
        (name) => presetFiles[name],
        presetText,
    ),
} as const;

type ShelfName = keyof typeof SHELVES;
const SHELF_NAMES = Object.keys(SHELVES) as ShelfName[];

/** Lists what profiles there are, or explains one. */
export function showProfiles(
    what: string | undefined,
    name: string | undefined,
    options: { readonly json?: boolean },
    terminal: Terminal,
): void {
    const shelves = what === undefined ? SHELF_NAMES : [oneOfWords(what, SHELF_NAMES, "the first word")];
    if (name !== undefined && shelves[0]) {
        const shelf: AnyShelf = SHELVES[shelves[0]];
        terminal.out(shelf.one(oneOfWords(name, shelf.names, "the name"), options.json === true));
        return;
    }
    if (options.json) {
        const lists = shelves.map((each) => [each, Object.fromEntries(SHELVES[each].rows())]);
        terminal.out(JSON.stringify(Object.fromEntries(lists), undefined, 2));
        return;
    }
    for (const each of shelves) {
        terminal.out(`${each}: ${SHELVES[each].title}`);
        for (const [row, title] of SHELVES[each].rows()) terminal.out(`  ${row.padEnd(18)}${title}`);
    }
    terminal.out("\nOne of them in full: hearth profiles modules rylr998");
}

interface AnyShelf {
    readonly title: string;
    readonly names: readonly string[];
    rows(): readonly (readonly [string, string])[];
    one(name: string, isJson: boolean): string;
}

function shelf<Profile extends Titled>(
    title: string,
    names: readonly string[],
    get: (name: string) => Profile | undefined,
    explain: Shelf<Profile>["explain"],
): AnyShelf {
    return {
        title,
        names,
        rows: () => names.map((name) => [name, get(name)?.title ?? ""] as const),
        one: (name, isJson) => {
            const profile = get(name);
            if (!profile) return "";
            return isJson ? JSON.stringify(profile, undefined, 2) : explain(profile);
        },
    };
}
