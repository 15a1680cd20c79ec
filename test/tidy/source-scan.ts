/** One import of a source file, in any of its forms. */
export interface Import {
    readonly specifier: string;
    /** True when nothing of it is left at run time. */
    readonly typeOnly: boolean;
}

/** Every `import`, `export ... from` and `import(...)` with a literal specifier. */
export function importsOf(source: string): readonly Import[] {
    const masked = maskSource(source);
    const found: Import[] = [];
    for (const { pattern, typeOnly } of IMPORT_FORMS) {
        for (const match of masked.matchAll(pattern)) {
            const start = match.index + match[0].length;
            const end = masked.indexOf(source.charAt(start - 1), start);
            found.push({ specifier: source.slice(start, end), typeOnly: typeOnly(match[1] ?? "") });
        }
    }
    return found;
}

const IMPORT_FORMS = [
    { pattern: /\b(?:import|export)\b([\w$*{},\s]*?)\bfrom\s*["']/g, typeOnly: clauseIsTypes },
    { pattern: /\bimport\s*["']/g, typeOnly: () => false },
    { pattern: /\bimport\s*\(\s*["']/g, typeOnly: () => false },
];

function clauseIsTypes(clause: string): boolean {
    const text = clause.trim();
    if (/^type\s+[\w${*]/.test(text)) return true;
    const names = /^\{([^}]*)\}$/.exec(text)?.[1];
    return names?.split(",").every((name) => name.trim() === "" || /^\s*type\s/.test(name)) ?? false;
}

/**
 * The source with comments and the contents of strings, templates and regular expressions blanked. Length, line ends,
 * quotes and the code inside `${}` stay, so positions are those of the source.
 */
export function maskSource(source: string): string {
    const cursor: Cursor = { source, out: [], at: 0 };
    maskCode(cursor, false);
    return cursor.out.join("");
}

interface Cursor {
    readonly source: string;
    readonly out: string[];
    at: number;
}

/** Copies code; inside a template it ends at the brace that closes the hole. */
function maskCode(cursor: Cursor, insideHole: boolean): void {
    let depth = 0;
    while (cursor.at < cursor.source.length) {
        const letter = cursor.source.charAt(cursor.at);
        if (insideHole && letter === "}" && depth === 0) return;
        if (letter === "{") depth++;
        if (letter === "}") depth--;
        if (!maskLiteral(cursor, letter)) keep(cursor, 1);
    }
}

/** Masks what starts here if it is no code; false when it is. */
function maskLiteral(cursor: Cursor, letter: string): boolean {
    const pair = cursor.source.slice(cursor.at, cursor.at + 2);
    if (pair === "//") blankUntil(cursor, "\n", 0);
    else if (pair === "/*") blankUntil(cursor, "*/", 2);
    else if (letter === '"' || letter === "'") maskString(cursor, letter);
    else if (letter === "`") maskTemplate(cursor);
    else if (letter === "/" && expressionMayStart(cursor)) maskRegExp(cursor);
    else return false;
    return true;
}

function maskString(cursor: Cursor, quote: string): void {
    keep(cursor, 1);
    while (cursor.at < cursor.source.length && cursor.source.charAt(cursor.at) !== quote) blankEscaped(cursor);
    keep(cursor, 1);
}

function maskTemplate(cursor: Cursor): void {
    keep(cursor, 1);
    while (cursor.at < cursor.source.length && cursor.source.charAt(cursor.at) !== "`") {
        if (cursor.source.startsWith("${", cursor.at)) {
            keep(cursor, 2);
            maskCode(cursor, true);
            keep(cursor, 1);
        } else {
            blankEscaped(cursor);
        }
    }
    keep(cursor, 1);
}

function maskRegExp(cursor: Cursor): void {
    let insideClass = false;
    keep(cursor, 1);
    while (cursor.at < cursor.source.length) {
        const letter = cursor.source.charAt(cursor.at);
        if (letter === "\n" || (letter === "/" && !insideClass)) break;
        if (letter === "[") insideClass = true;
        if (letter === "]") insideClass = false;
        blankEscaped(cursor);
    }
    keep(cursor, 1);
}

/** So much of the code before a slash is looked at, in characters; comments before it count as blanks. */
const LOOK_BACK = 1_000;

/** A slash divides after a value and starts a regular expression everywhere else. */
function expressionMayStart(cursor: Cursor): boolean {
    const before = cursor.out.slice(-LOOK_BACK).join("").trimEnd();
    return (
        before === "" ||
        /[([{,;:=!&|?+\-*%<>~^}]$/.test(before) ||
        /\b(?:return|typeof|case|in|of|yield|await)$/.test(before)
    );
}

function blankUntil(cursor: Cursor, end: string, endSize: number): void {
    const found = cursor.source.indexOf(end, cursor.at + endSize);
    const stop = found < 0 ? cursor.source.length : found + endSize;
    while (cursor.at < stop) blank(cursor);
}

function blankEscaped(cursor: Cursor): void {
    if (cursor.source.charAt(cursor.at) === "\\") blank(cursor);
    blank(cursor);
}

function blank(cursor: Cursor): void {
    if (cursor.at >= cursor.source.length) return;
    cursor.out.push(cursor.source.charAt(cursor.at) === "\n" ? "\n" : " ");
    cursor.at++;
}

function keep(cursor: Cursor, count: number): void {
    cursor.out.push(...cursor.source.slice(cursor.at, cursor.at + count));
    cursor.at += count;
}
