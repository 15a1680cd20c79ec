import { toHex } from "../../src/base/encoding.ts";
import type {
    Delivery,
    ItemKind,
    MailboxFill,
    MailboxReader,
    NewMessage,
    Offer,
    OfferKey,
    RelayStore,
    StoredMessage,
    StoredTombstone,
    Try,
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
    #deliveries: (Delivery & { readonly id: number })[] = [];
    #delivery = 0;

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

    addOffer(key: OfferKey, due = 0): void {
        if (this.#offers.some((each) => sameOffer(each, key))) return;
        this.#offers.push({ ...key, attempts: 0, handovers: 0, due, ended: false });
    }

    dueOffers(carrier: string, nowMonotonic: number, limit: number): readonly Offer[] {
        const due = this.#offers.filter((each) => each.carrier === carrier && !each.ended && each.due <= nowMonotonic);
        const tombstones = due.filter(({ kind }) => kind === "tombstone");
        const messages = due.filter(({ kind }) => kind === "message");
        return [...tombstones, ...messages]
            .slice(0, limit)
            .map(({ kind, messageId, attempts, handovers }) => ({ kind, messageId, carrier, attempts, handovers }));
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

    repeatOffer(key: OfferKey, untilMonotonic: number): void {
        this.#offers = this.#offers.map((each) =>
            sameOffer(each, key) ? { ...each, handovers: each.handovers + 1, due: untilMonotonic } : each,
        );
    }

    endOffer(key: OfferKey): void {
        this.#offers = this.#offers.map((each) => (sameOffer(each, key) ? { ...each, ended: true } : each));
    }

    reopenOffer(key: OfferKey): void {
        this.addOffer(key);
        this.#offers = this.#offers.map((each) =>
            sameOffer(each, key) && each.ended === true
                ? { ...each, attempts: 0, handovers: 0, due: 0, ended: false }
                : each,
        );
    }

    openOffers(kind: ItemKind, messageId: Uint8Array): readonly Offer[] {
        return this.#offers
            .filter((each) => each.kind === kind && same(each.messageId, messageId) && !each.ended)
            .map(({ carrier, attempts, handovers }) => ({ kind, messageId, carrier, attempts, handovers }));
    }

    recordTry(key: OfferKey, { at, outcome, detail, receipt }: Try): void {
        const known = this.#deliveries.find((each) => sameOffer(each, key));
        const told = {
            id: known?.id ?? ++this.#delivery,
            ...key,
            tries: (known?.tries ?? 0) + 1,
            firstAt: known?.firstAt ?? at,
            lastAt: at,
            outcome,
            detail,
            storedAt: outcome === "stored" ? at : known?.storedAt,
            receipt: receipt ?? known?.receipt,
        };
        this.#deliveries = known
            ? this.#deliveries.map((each) => (each === known ? told : each))
            : [...this.#deliveries, told];
    }

    deliveries(messageId: Uint8Array): readonly Delivery[] {
        return this.#deliveries.filter((each) => same(each.messageId, messageId)).map(({ id: _, ...each }) => each);
    }

    forgetDeliveries({ before, max, limit }: Parameters<RelayStore["forgetDeliveries"]>[0]): number {
        const last = this.#deliveries.at(-1)?.id ?? 0;
        const oldest = this.#deliveries.slice(0, limit);
        const gone = oldest.filter((each) => each.lastAt < before || each.id <= last - max);
        this.#deliveries = this.#deliveries.filter((each) => !gone.includes(each));
        // The file gives numbers out again that were the last ones.
        this.#delivery = this.#deliveries.at(-1)?.id ?? 0;
        return gone.length;
    }

    confirmedBefore(carrier: string, before: number, limit: number): readonly Uint8Array[] {
        return this.#deliveries
            .filter((each) => each.carrier === carrier && each.kind === "message" && this.message(each.messageId))
            .filter(({ storedAt }) => storedAt !== undefined && storedAt < before)
            .sort((a, b) => (a.storedAt ?? 0) - (b.storedAt ?? 0))
            .slice(0, limit)
            .map(({ messageId }) => messageId);
    }

    expired(now: number, limit: number): readonly Uint8Array[] {
        return this.#messages
            .filter((each) => each.expiresAt <= now)
            .sort((a, b) => a.expiresAt - b.expiresAt)
            .slice(0, limit)
            .map(({ messageId }) => messageId);
    }

    liveMessages(after: number, now: number, limit: number): readonly Pick<StoredMessage, "row" | "payload">[] {
        const live = this.#messages.filter((each) => each.row > after && each.expiresAt > now);
        return live.slice(0, limit).map(({ row, payload }) => ({ row, payload }));
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
