/** A peer's address as configured: where it is, and who logs in there. */
export interface TargetUrl {
    /** Without the login; safe to print. */
    readonly sanitized: string;
    readonly auth: { readonly username: string; readonly password: string } | undefined;
}

/** How Ember names an address that cannot be read, so that a login in it is not printed. */
const REDACTED = "[invalid URL redacted]";

/** Undefined for a text that is no absolute URL. */
export function parseTargetUrl(text: string): TargetUrl | undefined {
    const url = URL.parse(text);
    if (!url) return undefined;
    const login = url.username !== "" || url.password !== "";
    const auth = login ? { username: decoded(url.username), password: decoded(url.password) } : undefined;
    url.username = "";
    url.password = "";
    return { sanitized: url.href, auth };
}

/** The name by which outbox and acknowledgments know a peer. */
export function targetIdOf(scheme: "http" | "mqtt", text: string): string {
    return `${scheme}:${parseTargetUrl(text)?.sanitized ?? REDACTED}`;
}

/** Percent signs that mean nothing stay; bytes that are no UTF-8 become replacement characters. */
function decoded(text: string): string {
    const bytes: number[] = [];
    for (let index = 0; index < text.length; index++) {
        const hex = /^%([0-9a-fA-F]{2})/.exec(text.slice(index, index + 3))?.[1];
        if (hex === undefined) bytes.push(...new TextEncoder().encode(text[index]));
        else {
            bytes.push(Number.parseInt(hex, 16));
            index += 2;
        }
    }
    return new TextDecoder().decode(Uint8Array.from(bytes));
}
