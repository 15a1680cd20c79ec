/** What waits for the air, in classes; acknowledgments go first, the others share. */
export type AirClass = "ack" | "tombstone" | "short" | "long";

/**
 * How the three that share divide what is left when all of them wait: of 8 parts of airtime tombstones get 2, because
 * each frees memory everywhere, texts of one frame 5 and long transfers 1.
 */
const WEIGHTS: Readonly<Record<Exclude<AirClass, "ack">, number>> = { tombstone: 2, short: 5, long: 1 };
const SHARING = ["tombstone", "short", "long"] as const;

/** After so many acknowledgments in a row one of the others gets a turn: nobody may silence a gateway with questions. */
const ACKS_IN_A_ROW_MAX = 8;

/** So many may wait in each class. */
export const QUEUE_MAX = 256;

export interface Waiting<Item> {
    readonly airClass: AirClass;
    readonly item: Item;
}

/**
 * Decides what goes on the air next. First in, first out within a class; between the three that share by weighted fair
 * queuing on what they cost, so that a class whose frames are long does not get more air than one whose frames are short.
 */
export class FairQueue<Item> {
    readonly #lines: Readonly<Record<AirClass, Line<Item>>> = {
        ack: new Line(),
        tombstone: new Line(),
        short: new Line(),
        long: new Line(),
    };
    /** Cost over weight that each class has had; the least is served next. */
    readonly #served = { tombstone: 0, short: 0, long: 0 };
    /** Where the class served last stood: nobody who comes back from a rest may claim for the time of the rest. */
    #level = 0;
    #acksInARow = 0;

    get size(): number {
        return this.#lines.ack.size + SHARING.reduce((sum, each) => sum + this.#lines[each].size, 0);
    }

    sizeOf(airClass: AirClass): number {
        return this.#lines[airClass].size;
    }

    /** False when that class is full; the item is not taken then. */
    push({ airClass, item }: Waiting<Item>): boolean {
        const line = this.#lines[airClass];
        if (line.size >= QUEUE_MAX) return false;
        this.#wake(airClass);
        line.push(item);
        return true;
    }

    /** Puts back what was taken and has more to send, before all others of its class. */
    putBack({ airClass, item }: Waiting<Item>): void {
        this.#wake(airClass);
        this.#lines[airClass].unshift(item);
    }

    /** The next one; `costOf` says what its turn takes, in milliseconds of airtime. */
    take(costOf: (item: Item) => number): Waiting<Item> | undefined {
        const airClass = this.#next();
        if (airClass === undefined) return undefined;
        const item = this.#lines[airClass].shift();
        if (item === undefined) return undefined;
        if (airClass === "ack") this.#acksInARow++;
        else {
            this.#acksInARow = 0;
            this.#level = this.#served[airClass];
            this.#served[airClass] += Math.max(0, costOf(item)) / WEIGHTS[airClass];
        }
        return { airClass, item };
    }

    /** Takes out all that match, wherever they wait; tells how many. */
    remove(matches: (item: Item) => boolean): number {
        return (
            this.#lines.ack.remove(matches) + SHARING.reduce((sum, each) => sum + this.#lines[each].remove(matches), 0)
        );
    }

    #next(): AirClass | undefined {
        let next: (typeof SHARING)[number] | undefined;
        for (const each of SHARING) {
            if (this.#lines[each].size === 0) continue;
            if (next === undefined || this.#served[each] < this.#served[next]) next = each;
        }
        const isAckTurn = next === undefined || this.#acksInARow < ACKS_IN_A_ROW_MAX;
        return this.#lines.ack.size > 0 && isAckTurn ? "ack" : next;
    }

    #wake(airClass: AirClass): void {
        if (airClass === "ack" || this.#lines[airClass].size > 0) return;
        this.#served[airClass] = Math.max(this.#served[airClass], this.#level);
    }
}

/** First in, first out, without moving the rest at each turn. */
class Line<Item> {
    #items: Item[] = [];
    #head = 0;

    get size(): number {
        return this.#items.length - this.#head;
    }

    push(item: Item): void {
        this.#items.push(item);
    }

    unshift(item: Item): void {
        if (this.#head > 0) this.#items[--this.#head] = item;
        else this.#items.unshift(item);
    }

    shift(): Item | undefined {
        const item = this.#items[this.#head];
        if (this.size > 0) this.#head++;
        if (2 * this.#head > this.#items.length) {
            this.#items.splice(0, this.#head);
            this.#head = 0;
        }
        return item;
    }

    remove(matches: (item: Item) => boolean): number {
        const kept = this.#items.slice(this.#head).filter((item) => !matches(item));
        const removed = this.size - kept.length;
        this.#items = kept;
        this.#head = 0;
        return removed;
    }
}
