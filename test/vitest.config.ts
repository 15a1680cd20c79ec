import { defineConfig } from "vitest/config";

/** A test that needs a longer rest than this is waiting for real time and belongs on a virtual clock. */
const TEST_TIMEOUT_MS = 5_000;

export default defineConfig({
    test: {
        root: new URL("..", import.meta.url).pathname,
        include: ["test/**/*.test.ts"],
        testTimeout: TEST_TIMEOUT_MS,
        pool: "forks",
    },
});
