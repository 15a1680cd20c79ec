/** The level of an input and those who want to hear of changes. */
export class LevelListeners {
    #isHigh: boolean;
    readonly #listeners = new Set<(isHigh: boolean) => void>();

    constructor(isHigh: boolean) {
        this.#isHigh = isHigh;
    }

    get isHigh(): boolean {
        return this.#isHigh;
    }

    get isWatched(): boolean {
        return this.#listeners.size > 0;
    }

    update(isHigh: boolean): void {
        if (isHigh === this.#isHigh) return;
        this.#isHigh = isHigh;
        for (const listener of [...this.#listeners]) listener(isHigh);
    }

    watch(listener: (isHigh: boolean) => void): () => void {
        // Each call is a watch of its own, also with the same function.
        const own = (isHigh: boolean): void => listener(isHigh);
        this.#listeners.add(own);
        return () => this.#listeners.delete(own);
    }
}
