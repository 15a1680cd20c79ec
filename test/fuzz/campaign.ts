import { type Fault, judge, shrink } from "./judge.ts";
import { makeRandom, mutate } from "./mutate.ts";
import type { FuzzTarget } from "./target.ts";

/** One target with many different faults needs a look, not more of them. */
const FAULTS_MAX = 10;

export interface CampaignPlan {
    readonly seed: number;
    readonly runsMax: number;
    readonly msMax: number;
    /** Hears of each input before it runs, so that a watchdog knows which one never came back. */
    readonly beforeRun?: (bytes: Uint8Array) => void;
}

export interface Finding extends Fault {
    readonly bytes: Uint8Array;
    /** The number of the mutated input, counted from 1; 0 means an input of the corpus as it is. */
    readonly run: number;
}

export interface CampaignResult {
    readonly runs: number;
    readonly findings: readonly Finding[];
}

/** Runs the corpus, then mutations of it. The same seed gives the same inputs in the same order. */
export async function runCampaign(target: FuzzTarget, plan: CampaignPlan): Promise<CampaignResult> {
    const corpus = target.corpus();
    const random = makeRandom(plan.seed, target.name);
    const findings = new Map<string, Finding>();
    const attempt = async (bytes: Uint8Array, run: number): Promise<void> => {
        plan.beforeRun?.(bytes);
        const fault = await judge(target, bytes);
        if (!fault || findings.has(keyOf(fault))) return;
        const smallest = await shrink(target, bytes, fault.kind);
        findings.set(keyOf(fault), { ...fault, bytes: smallest, run });
    };
    for (const bytes of corpus) await attempt(bytes, 0);
    const deadline = performance.now() + plan.msMax;
    let runs = 0;
    while (runs < plan.runsMax && findings.size < FAULTS_MAX && performance.now() < deadline) {
        runs++;
        await attempt(mutate(corpus, random), runs);
    }
    return { runs, findings: [...findings.values()] };
}

/** Digits change with the input ("offset 12"), the fault stays the same. */
function keyOf(fault: Fault): string {
    return fault.kind === "stalled" ? fault.kind : fault.detail.replaceAll(/\d+/g, "#");
}
