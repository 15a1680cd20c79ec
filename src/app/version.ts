/** The version in package.json, put in by the build. */
declare const HEARTH_VERSION: string | undefined;

export const VERSION = typeof HEARTH_VERSION === "string" ? HEARTH_VERSION : "0.0.0-dev";
