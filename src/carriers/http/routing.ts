/** Where a request goes. `guarded` routes ask for credentials first, when there are any (SPEC 14.1). */
export type Route =
    | { readonly kind: "health" | "identity" }
    | { readonly kind: "submit" | "stats" | "meeting" }
    | { readonly kind: "fetch"; readonly keyText: string; readonly query: string }
    | { readonly kind: "wrong_method"; readonly allow: string; readonly guarded: boolean }
    | { readonly kind: "unknown"; readonly guarded: true };

export interface Target {
    readonly path: string;
    readonly query: string;
}

type Kind = "health" | "identity" | "submit" | "stats" | "meeting";

const FETCH_PREFIX = "/api/v1/fetch/";
const NODE_PATHS: ReadonlyMap<string, Kind> = new Map([
    ["/api/v1/health", "health"],
    ["/api/v1/identity", "identity"],
    ["/api/v1/submit", "submit"],
    ["/api/v1/stats", "stats"],
    ["/api/v1/hearth/reconcile", "meeting"],
]);
const EMBEDDED_PATHS: ReadonlyMap<string, Kind> = new Map([
    ["/health", "health"],
    ["/api/v1/identity", "identity"],
    ["/api/v1/submit", "submit"],
]);

/** Splits a request target; of the absolute form only path and query count. */
export function splitTarget(url: string): Target {
    const rest = url.startsWith("/") ? url : url.replace(/^https?:\/\/[^/?#]*/i, "");
    const mark = rest.indexOf("?");
    const path = mark < 0 ? rest : rest.slice(0, mark);
    return { path: path === "" ? "/" : path, query: mark < 0 ? "" : rest.slice(mark + 1) };
}

export function routeOf(mode: "node" | "embedded", method: string, { path, query }: Target): Route {
    const kind = (mode === "node" ? NODE_PATHS : EMBEDDED_PATHS).get(path);
    if (kind !== undefined) return allowed(kind, method) ? { kind } : wrongMethod(kind);
    const keyText = mode === "node" && path.startsWith(FETCH_PREFIX) ? path.slice(FETCH_PREFIX.length) : "";
    if (keyText === "" || keyText.includes("/")) return { kind: "unknown", guarded: true };
    return allowed("fetch", method) ? { kind: "fetch", keyText, query } : wrongMethod("fetch");
}

export function isGuarded(route: Route): boolean {
    if (route.kind === "wrong_method") return route.guarded;
    return route.kind !== "health" && route.kind !== "identity";
}

function allowed(kind: Kind | "fetch", method: string): boolean {
    return isPosted(kind) ? method === "POST" : method === "GET" || method === "HEAD";
}

function isPosted(kind: Kind | "fetch"): boolean {
    return kind === "submit" || kind === "meeting";
}

function wrongMethod(kind: Kind | "fetch"): Route {
    const allow = isPosted(kind) ? "POST" : "GET,HEAD";
    return { kind: "wrong_method", allow, guarded: kind !== "health" && kind !== "identity" };
}
