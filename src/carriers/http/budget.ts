/** A shared allowance, e.g. of bytes. Whoever reserved must release the same amount once. */
export class Budget {
    readonly #max: number;
    #used = 0;

    constructor(max: number) {
        this.#max = max;
    }

    get used(): number {
        return this.#used;
    }

    /** False, with nothing reserved, where it does not fit. */
    reserve(amount: number): boolean {
        if (this.#used + amount > this.#max) return false;
        this.#used += amount;
        return true;
    }

    release(amount: number): void {
        this.#used -= amount;
    }
}
