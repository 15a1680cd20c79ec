import { describe, expect, it } from "vitest";
import { DepotBusy, DepotFailed } from "../../src/depot/errors.ts";
import {
    GroupCommit,
    type Transactions,
    WORKS_TOGETHER_MAX,
    WORKS_WAITING_MAX,
} from "../../src/depot/sqlite/group-commit.ts";

/** A database that is a list of words: what a transaction adds is there once it commits. */
class FakeDatabase implements Transactions {
    readonly calls: string[] = [];
    committed: string[] = [];
    refuseCommit: (added: readonly string[]) => boolean = () => false;
    #added: string[] | undefined;
    #mark = 0;

    add(word: string): string {
        if (!this.#added) throw new Error("no transaction");
        this.#added.push(word);
        return word;
    }

    /** As SQLite does on some full disks: the whole transaction is gone. */
    giveUp(): never {
        this.#added = undefined;
        throw new Error("disk is full");
    }

    begin(): void {
        this.calls.push("begin");
        this.#added = [];
    }

    commit(): void {
        const added = this.#added ?? [];
        if (this.refuseCommit(added)) throw new Error("disk is full");
        this.calls.push("commit");
        this.committed.push(...added);
        this.#added = undefined;
    }

    rollback(): void {
        this.#added = undefined;
    }

    savepoint(): void {
        this.#mark = this.#added?.length ?? 0;
    }

    release(): void {}

    rollbackTo(): void {
        this.#added = this.#added?.slice(0, this.#mark);
    }

    isOpen(): boolean {
        return this.#added !== undefined;
    }
}

/** Syncs end when the test says so. */
class FakeDisk {
    readonly #waiting: { readonly resolve: () => void; readonly reject: (cause: Error) => void }[] = [];
    syncs = 0;

    readonly sync = (): Promise<void> => {
        this.syncs++;
        return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    };

    finish(failure?: Error): void {
        const waiting = this.#waiting.shift();
        if (!waiting) throw new Error("nobody waits for the disk");
        if (failure) waiting.reject(failure);
        else waiting.resolve();
    }
}

function rig() {
    const database = new FakeDatabase();
    const disk = new FakeDisk();
    const group = new GroupCommit(database, disk.sync);
    const settled: string[] = [];
    const add = (word: string): Promise<string> => {
        const done = group.commit(() => database.add(word));
        done.then(
            () => settled.push(word),
            () => settled.push(`not ${word}`),
        );
        return done;
    };
    return { database, disk, group, settled, add };
}

/** Two turns of the event loop: one to gather, one for what follows. */
async function turn(): Promise<void> {
    for (let count = 0; count < 2; count++) await new Promise((resolve) => setImmediate(resolve));
}

describe("group commit", () => {
    it("takes all who ask together through one transaction and one sync", async () => {
        const { database, disk, settled, add } = rig();
        for (const word of ["a", "b", "c"]) void add(word);
        await turn();
        expect(database.calls).toEqual(["begin", "commit"]);
        expect(disk.syncs).toBe(1);
        expect(settled).toEqual([]);
        disk.finish();
        await turn();
        expect(settled).toEqual(["a", "b", "c"]);
    });

    it("gathers the next group while the disk is busy, and answers it by a sync of its own", async () => {
        const { disk, settled, add } = rig();
        void add("a");
        await turn();
        void add("b");
        void add("c");
        disk.finish();
        await turn();
        expect(settled).toEqual(["a"]);
        expect(disk.syncs).toBe(2);
        disk.finish();
        await turn();
        expect(settled).toEqual(["a", "b", "c"]);
    });

    it("lets a work that throws fail alone, without a trace", async () => {
        const { database, disk, group, add } = rig();
        const first = add("a");
        const bad = group.commit(() => {
            database.add("bad");
            throw new Error("not this one");
        });
        const last = add("b");
        bad.catch(() => undefined);
        await turn();
        disk.finish();
        await expect(bad).rejects.toThrow("not this one");
        expect(await Promise.all([first, last])).toEqual(["a", "b"]);
        expect(database.committed).toEqual(["a", "b"]);
    });

    it("does the others again when the engine gave the whole transaction up for one of them", async () => {
        const { database, disk, group, add } = rig();
        const first = add("a");
        const bad = group.commit(() => database.giveUp());
        const last = add("b");
        bad.catch(() => undefined);
        await turn();
        disk.finish();
        await expect(bad).rejects.toThrow("disk is full");
        expect(await Promise.all([first, last])).toEqual(["a", "b"]);
        expect(database.committed).toEqual(["a", "b"]);
    });

    it("tries each alone when the transaction does not commit, so that only the too large ones fail", async () => {
        const { database, disk, add } = rig();
        database.refuseCommit = (added) => added.includes("large");
        const done = Promise.allSettled([add("a"), add("large"), add("b")]);
        await turn();
        disk.finish();
        expect((await done).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
        expect(database.committed).toEqual(["a", "b"]);
    });

    it("rejects all whom a failed sync covers, and everybody after", async () => {
        const { database, disk, settled, group, add } = rig();
        const done = Promise.allSettled([add("a"), add("b")]);
        await turn();
        const waiting = Promise.allSettled([add("c")]);
        disk.finish(new Error("EIO: i/o error, fdatasync"));
        expect((await done).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
        expect((await waiting).map(({ status }) => status)).toEqual(["rejected"]);
        expect(settled).toEqual(["not a", "not b", "not c"]);
        const later = group.commit(() => database.add("d"));
        await expect(later).rejects.toBeInstanceOf(DepotFailed);
        await expect(later).rejects.toThrow("EIO");
        expect(database.committed).toEqual(["a", "b"]);
        expect(disk.syncs).toBe(1);
    });

    it("turns away who comes when too many wait already, and serves the others", async () => {
        const { database, disk, group } = rig();
        const works = Array.from({ length: WORKS_WAITING_MAX }, (_, index) =>
            group.commit(() => database.add(String(index))),
        );
        await expect(group.commit(() => 0)).rejects.toBeInstanceOf(DepotBusy);
        for (let group = 0; group < WORKS_WAITING_MAX / WORKS_TOGETHER_MAX; group++) {
            await turn();
            disk.finish();
        }
        expect((await Promise.all(works)).length).toBe(WORKS_WAITING_MAX);
        expect(database.committed).toEqual(works.map((_, index) => String(index)));
    });

    it("closes once what it took is durable, and takes nothing more", async () => {
        const { disk, group, settled, add } = rig();
        void add("a");
        const closed = group.close().then(() => settled.push("closed"));
        await expect(add("b")).rejects.toThrow("closed");
        await turn();
        expect(settled).toEqual(["not b"]);
        disk.finish();
        await closed;
        expect(settled).toEqual(["not b", "a", "closed"]);
    });

    it("is not broken by an engine that fails where it never should", async () => {
        const { database, disk, group, add } = rig();
        database.rollbackTo = () => {
            throw new Error("the engine is confused");
        };
        const all = Promise.allSettled([
            add("a"),
            group.commit(() => {
                throw new Error("not this one");
            }),
        ]);
        expect((await all).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
        expect(disk.syncs).toBe(0);
        await expect(add("b")).rejects.toBeInstanceOf(DepotFailed);
    });
});
