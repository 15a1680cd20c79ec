import { DepotBusy, DepotFailed } from "../errors.ts";

/** Works that may wait for the disk; one more is answered `DepotBusy`. */
export const WORKS_WAITING_MAX = 4_096;

/** Works of one transaction: the bound on how long the event loop is held. */
export const WORKS_TOGETHER_MAX = 256;

/** The transaction statements of one connection. */
export interface Transactions {
    begin(): void;
    commit(): void;
    rollback(): void;
    savepoint(): void;
    release(): void;
    rollbackTo(): void;
    /** False once the engine gave the whole transaction up by itself, as on a full disk. */
    isOpen(): boolean;
}

interface Work {
    readonly run: () => unknown;
    readonly resolve: (value: unknown) => void;
    readonly reject: (cause: unknown) => void;
}

interface Done {
    readonly work: Work;
    readonly value: unknown;
}

/**
 * Many works, one transaction, one sync: what waits while the disk is busy goes together next time. Nobody is answered
 * before the sync that covers them, not even who changed nothing: what they saw may itself not be durable yet.
 */
export class GroupCommit {
    readonly #transactions: Transactions;
    readonly #sync: () => Promise<void>;
    #waiting: Work[] = [];
    #running: Promise<void> | undefined;
    #failure: DepotFailed | undefined;
    #closed = false;

    constructor(transactions: Transactions, sync: () => Promise<void>) {
        this.#transactions = transactions;
        this.#sync = sync;
    }

    commit<T>(run: () => T): Promise<T> {
        if (this.#failure) return Promise.reject(this.#failure);
        if (this.#closed) return Promise.reject(new DepotFailed("The depot is closed."));
        if (this.#waiting.length >= WORKS_WAITING_MAX) {
            return Promise.reject(new DepotBusy(`${WORKS_WAITING_MAX} changes wait for the disk already.`));
        }
        return new Promise<T>((resolve, reject) => {
            this.#waiting.push({ run, resolve: resolve as (value: unknown) => void, reject });
            this.#running ??= this.#drain();
        });
    }

    /** Takes no more work and waits for what it has. */
    async close(): Promise<void> {
        this.#closed = true;
        await this.#running;
    }

    /** Why nothing more is accepted; undefined while all is well. */
    get failure(): DepotFailed | undefined {
        return this.#failure;
    }

    /** Refuses this and everything after. The first reason stays. */
    fail(reason: DepotFailed): void {
        this.#failure ??= reason;
    }

    async #drain(): Promise<void> {
        // Whatever asks within this turn of the event loop goes together.
        await new Promise((resolve) => setImmediate(resolve));
        while (this.#waiting.length > 0) await this.#serve(this.#waiting.splice(0, WORKS_TOGETHER_MAX));
        this.#running = undefined;
    }

    async #serve(group: readonly Work[]): Promise<void> {
        try {
            const done = this.#failure ? [] : this.#transact(group);
            if (done.length > 0) await this.#sync();
            if (!this.#failure) for (const { work, value } of done) work.resolve(value);
        } catch (cause) {
            // After a failed sync the kernel may have dropped the dirty pages: a second try would lie.
            this.fail(
                new DepotFailed(
                    `The disk could not keep what was written (${textOf(cause)}). Check the disk, then restart.`,
                ),
            );
        }
        // Those that were settled above do not hear this.
        if (this.#failure) for (const work of group) work.reject(this.#failure);
    }

    /** Runs a group; those that fail are rejected and leave no trace, the others are returned. */
    #transact(group: readonly Work[]): readonly Done[] {
        let left = group;
        for (;;) {
            const attempt = this.#attempt(left);
            if (attempt.kind === "committed") return attempt.done;
            if (attempt.kind === "lost") {
                attempt.culprit.reject(attempt.cause);
                left = left.filter((work) => work !== attempt.culprit);
                if (left.length === 0) return [];
                continue;
            }
            // The commit itself failed, so nobody knows whose bytes were too many: each tries alone.
            const [only] = left;
            if (left.length === 1 && only) {
                only.reject(attempt.cause);
                return [];
            }
            return left.flatMap((work) => this.#transact([work]));
        }
    }

    #attempt(
        group: readonly Work[],
    ):
        | { readonly kind: "committed"; readonly done: readonly Done[] }
        | { readonly kind: "lost"; readonly culprit: Work; readonly cause: unknown }
        | { readonly kind: "refused"; readonly cause: unknown } {
        const transactions = this.#transactions;
        const done: Done[] = [];
        const failed: { readonly work: Work; readonly cause: unknown }[] = [];
        try {
            transactions.begin();
        } catch (cause) {
            return { kind: "refused", cause };
        }
        for (const work of group) {
            try {
                transactions.savepoint();
                const value = work.run();
                transactions.release();
                done.push({ work, value });
            } catch (cause) {
                // The engine may have rolled back everything; then the others must run again without this one.
                if (!transactions.isOpen()) return { kind: "lost", culprit: work, cause };
                transactions.rollbackTo();
                transactions.release();
                failed.push({ work, cause });
            }
        }
        try {
            transactions.commit();
        } catch (cause) {
            if (transactions.isOpen()) transactions.rollback();
            return { kind: "refused", cause };
        }
        for (const { work, cause } of failed) work.reject(cause);
        return { kind: "committed", done };
    }
}

function textOf(cause: unknown): string {
    return cause instanceof Error ? cause.message : String(cause);
}
