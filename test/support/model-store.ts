import { toHex } from "../../src/base/encoding.ts";
import type {
    MailboxFill,
    MailboxReader,
    NewMessage,
    Offer,
    OfferKey,
    RelayStore,
    StoredMessage,
    StoredTombstone,
} from "../../src/depot/store.ts";

interface ModelOffer extends Offer {
    readonly due: number;
    readonly ended: boolean | "withheld";
}

/** The depot's slow and obvious twin: lists, and no thought for cost. */
export class ModelStore implements RelayStore {
    #row = 0;
    #latest: number | undefined;
    #messages: StoredMessage[] = [];
    #tombstones: StoredTombstone[] = [];
    #offers: ModelOffer[] = [];

    message(messageId: Uint8Array): StoredMessage | undefined {
        return this.#messages.find((each) => same(each.messageId, messageId));
    }

    insertMessage(message: NewMessage): number {
        if (this.message(message.messageId)) throw new Error("this message id is taken");
        this.#row++;
        this.#messages.push({ ...message, row: this.#row });
        this.#latest = Math.max(this.#latest ?? message.receivedAt, message.receivedAt);
        return this.#row;
    }

    removeMessage(messageId: Uint8Array): void {
        this.#keepMessages((each) => !same(each.messageId, messageId));
    }

    mailboxFill(routingKey: Uint8Array): MailboxFill {
        return fillOf(this.#messages.filter((each) => same(each.routingKey, routingKey)));
    }

    totalFill(): MailboxFill {
        return fillOf(this.#messages);
    }

    purgeMailbox(routingKey: Uint8Array, now: number): number {
        return this.#keepMessages((each) => !same(each.routingKey, routingKey) || each.expiresAt > now);
    }

    tombstone(messageId: Uint8Array): StoredTombstone | undefined {
        return this.#tombstones.find((each) => same(each.messageId, messageId));
    }

    putTombstone(tombstone: StoredTombstone): void {
        const index = this.#tombstones.findIndex((each) => same(each.messageId, tombstone.messageId));
        if (index >= 0) this.#tombstones[index] = tombstone;
        else this.#tombstones.push(tombstone);
    }

    removeTombstone(messageId: Uint8Array): void {
        this.#keepTombstones((each) => !same(each.messageId, messageId));
    }

    tombstoneCounts(): { readonly proven: number; readonly unproven: number } {
        const proven = this.#tombstones.filter((each) => each.proven).length;
        return { proven, unproven: this.#tombstones.length - proven };
    }

    evictUnprovenTombstone(): void {
        const [first] = this.#tombstones.filter((each) => !each.proven).sort((a, b) => a.expiresAt - b.expiresAt);
        this.#keepTombstones((each) => each !== first);
    }

    addOffer(key: OfferKey): void {
        if (this.#offers.some((each) => sameOffer(each, key))) return;
        this.#offers.push({ ...key, attempts: 0, due: 0, ended: false });
    }

    dueOffers(carrier: string, nowMonotonic: number, limit: number): readonly Offer[] {
        const due = this.#offers.filter((each) => each.carrier === carrier && !each.ended && each.due <= nowMonotonic);
        const tombstones = due.filter(({ kind }) => kind === "tombstone");
        const messages = due.filter(({ kind }) => kind === "message");
        return [...tombstones, ...messages]
            .slice(0, limit)
            .map(({ kind, messageId, attempts }) => ({ kind, messageId, carrier, attempts }));
    }

    nextOfferAt(carrier: string): number | undefined {
        const times = this.#offers.filter((each) => each.carrier === carrier && !each.ended).map(({ due }) => due);
        return times.length > 0 ? Math.min(...times) : undefined;
    }

    deferOffer(key: OfferKey, untilMonotonic: number): void {
        this.#offers = this.#offers.map((each) =>
            sameOffer(each, key) ? { ...each, attempts: each.attempts + 1, due: untilMonotonic } : each,
        );
    }

    endOffer(key: OfferKey): void {
        this.#offers = this.#offers.map((each) => (sameOffer(each, key) ? { ...each, ended: true } : each));
    }

    withholdOffer(key: OfferKey): void {
        this.#offers = this.#offers.map((each) => (sameOffer(each, key) ? { ...each, ended: "withheld" } : each));
    }

    releaseOffers(carrier: string, routingKey: Uint8Array): number {
        const ids = this.#messages
            .filter((each) => same(each.routingKey, routingKey))
            .map(({ messageId }) => messageId);
        const isMeant = (each: Offer & { readonly ended: unknown }): boolean =>
            each.ended === "withheld" &&
            each.kind === "message" &&
            each.carrier === carrier &&
            ids.some((id) => same(id, each.messageId));
        const count = this.#offers.filter(isMeant).length;
        this.#offers = this.#offers.map((each) => (isMeant(each) ? { ...each, ended: false, due: 0 } : each));
        return count;
    }

    resumeOffers(carriers: readonly string[]): void {
        this.#offers = this.#offers
            .filter((each) => each.ended || carriers.includes(each.carrier))
            .map((each) => (each.ended ? each : { ...each, due: 0 }));
    }

    neverOffered(carrier: string, now: number, limit: number): readonly Pick<Offer, "kind" | "messageId">[] {
        const isNew = (kind: Offer["kind"], messageId: Uint8Array): boolean =>
            !this.#offers.some((each) => sameOffer(each, { kind, messageId, carrier }));
        const dead = this.#tombstones
            .filter((each) => each.proven && each.expiresAt > now && each.ingress !== carrier)
            .map(({ messageId }) => ({ kind: "tombstone" as const, messageId }));
        const live = this.#messages
            .filter((each) => each.expiresAt > now && each.ingress !== carrier)
            .map(({ messageId }) => ({ kind: "message" as const, messageId }));
        return [...dead, ...live].filter(({ kind, messageId }) => isNew(kind, messageId)).slice(0, limit);
    }

    purgeExpired(now: number, limit: number): number {
        const soonest = <T extends { readonly expiresAt: number }>(items: readonly T[]): Set<T> =>
            new Set(
                items
                    .filter((each) => each.expiresAt <= now)
                    .sort((a, b) => a.expiresAt - b.expiresAt)
                    .slice(0, limit),
            );
        const messages = soonest(this.#messages);
        const unproven = this.#tombstones.filter(({ proven }) => !proven);
        const proven = this.#tombstones.filter((each) => each.proven);
        const first = soonest(unproven);
        const second = new Set([...soonest(proven)].slice(0, limit - first.size));
        return (
            this.#keepMessages((each) => !messages.has(each)) +
            this.#keepTombstones((each) => !first.has(each) && !second.has(each))
        );
    }

    latestReceipt(): number | undefined {
        return this.#latest;
    }

    /** What a MailboxReader shows of this. */
    page({ routingKey, after, limit, now }: Parameters<MailboxReader["page"]>[0]) {
        return this.#messages
            .filter((each) => same(each.routingKey, routingKey) && each.row > after && each.expiresAt > now)
            .slice(0, limit)
            .map(({ row, payload }) => ({ row, payload }));
    }

    stats(now: number): { readonly mailboxes: number; readonly messages: number } {
        const live = this.#messages.filter((each) => each.expiresAt > now);
        return { mailboxes: new Set(live.map((each) => toHex(each.routingKey))).size, messages: live.length };
    }

    #keepMessages(keep: (each: StoredMessage) => boolean): number {
        const gone = this.#messages.filter((each) => !keep(each));
        this.#messages = this.#messages.filter(keep);
        this.#dropOffers("message", gone);
        return gone.length;
    }

    #keepTombstones(keep: (each: StoredTombstone) => boolean): number {
        const gone = this.#tombstones.filter((each) => !keep(each));
        this.#tombstones = this.#tombstones.filter(keep);
        this.#dropOffers("tombstone", gone);
        return gone.length;
    }

    #dropOffers(kind: Offer["kind"], gone: readonly { readonly messageId: Uint8Array }[]): void {
        this.#offers = this.#offers.filter(
            (each) => each.kind !== kind || !gone.some(({ messageId }) => same(messageId, each.messageId)),
        );
    }
}

function fillOf(messages: readonly StoredMessage[]): MailboxFill {
    return { messages: messages.length, bytes: messages.reduce((sum, { payload }) => sum + payload.length, 0) };
}

function same(a: Uint8Array, b: Uint8Array): boolean {
    return toHex(a) === toHex(b);
}

function sameOffer(a: OfferKey, b: OfferKey): boolean {
    return a.kind === b.kind && a.carrier === b.carrier && same(a.messageId, b.messageId);
}
