import type { Millis } from "../base/time.ts";
import type { AirAllowance } from "./ledger.ts";

const HOUR_MS = 3_600_000;

/** A channel that loses nearly everything is not estimated any worse than this. */
const LOSS_MAX = 0.95;

export interface TransferQuestion {
    /** What is to be brought across, in bytes. */
    readonly payloadSize: number;
    /** Largest frame, and how much of each is not payload, in bytes. */
    readonly frameSizeMax: number;
    readonly headerSize: number;
    readonly airtimeMs: (size: number) => Millis;
    /** Share of frames that get lost, 0 to 1; as many more have to be sent. */
    readonly loss: number;
    readonly allowance: AirAllowance;
    /** What of this hour's budget is spent. */
    readonly spentMs: Millis;
    readonly now: Millis;
}

export interface TransferEstimate {
    /** Data frames, with those that will have to be sent again. */
    readonly frames: number;
    readonly airtimeMs: Millis;
    /** Share of an hour's budget, above 1 for what takes hours; undefined where there is no budget. */
    readonly budgetShare: number | undefined;
    /** In the mean nothing is over before: what the budget lacks comes back evenly through the hour. */
    readonly earliestEndMs: Millis;
}

/** What a transfer will cost, before anything is sent. Answers of the other side are not in it. */
export function estimateTransfer(question: TransferQuestion): TransferEstimate {
    const { payloadSize, frameSizeMax, headerSize, loss, allowance, spentMs, now } = question;
    const roomSize = Math.max(1, frameSizeMax - headerSize);
    const fullFrames = Math.floor(payloadSize / roomSize);
    const rest = payloadSize - fullFrames * roomSize;
    const isRestNeeded = rest > 0 || fullFrames === 0;
    const onceMs =
        fullFrames * question.airtimeMs(headerSize + roomSize) +
        (isRestNeeded ? question.airtimeMs(headerSize + rest) : 0);
    const times = 1 / (1 - Math.min(LOSS_MAX, Math.max(0, loss)));
    const airtimeMs = onceMs * times;
    const { hourBudgetMs } = allowance;
    return {
        frames: Math.ceil((fullFrames + (isRestNeeded ? 1 : 0)) * times - 1e-9),
        airtimeMs,
        budgetShare: hourBudgetMs === undefined ? undefined : airtimeMs / hourBudgetMs,
        earliestEndMs: now + airtimeMs + waitMs(airtimeMs, spentMs, hourBudgetMs),
    };
}

/** "9 frames, 3.4 s on the air, 9 % of this hour's budget" */
export function estimateText({ frames, airtimeMs, budgetShare }: TransferEstimate): string {
    const parts = [frames === 1 ? "1 frame" : `${frames} frames`, `${timeText(airtimeMs)} on the air`];
    if (budgetShare !== undefined) {
        const isMore = budgetShare > 1;
        parts.push(
            isMore
                ? `${budgetShare.toFixed(1)} times an hour's budget`
                : `${percentText(budgetShare)} of this hour's budget`,
        );
    }
    return parts.join(", ");
}

/** How long the law keeps it waiting: the budget that is missing comes back as fast as it may be spent. */
function waitMs(airtimeMs: Millis, spentMs: Millis, hourBudgetMs: Millis | undefined): Millis {
    if (hourBudgetMs === undefined) return 0;
    const missingMs = airtimeMs - Math.max(0, hourBudgetMs - spentMs);
    return missingMs <= 0 ? 0 : (missingMs / hourBudgetMs) * HOUR_MS;
}

function timeText(ms: Millis): string {
    if (ms < 999.5) return `${ms.toFixed(0)} ms`;
    if (ms < 99_950) return `${(ms / 1000).toFixed(1)} s`;
    return `${(ms / 60_000).toFixed(1)} min`;
}

function percentText(share: number): string {
    return share < 0.01 ? "less than 1 %" : `${(share * 100).toFixed(0)} %`;
}
