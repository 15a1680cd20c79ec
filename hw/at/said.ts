/** One thing that a module said, in the words that all AT modules share. */
export type Said =
    | Answer
    /** The module refuses the command under way. */
    | { readonly kind: "failure"; readonly error: "refused" | "busy"; readonly detail: string }
    | {
          readonly kind: "received";
          readonly data: Uint8Array;
          readonly rssiDbm: number | undefined;
          readonly snrDb: number | undefined;
      }
    /** It stopped listening by itself. */
    | { readonly kind: "deaf" }
    /** Bytes that mean nothing, or nothing that matters; they were dropped. */
    | { readonly kind: "noise"; readonly size: number };

/** What can answer a question. */
export type Answer =
    | { readonly kind: "value"; readonly name: string; readonly value: string }
    /** The module has just started; without a question for it that means it lost its settings. */
    | { readonly kind: "started" };

/** Cuts a module's bytes into what it said. It never throws and holds less than a line, whatever comes. */
export interface Reader {
    push(chunk: Uint8Array): readonly Said[];
    /** Drops what is begun: half a line, half a packet. */
    forget(): void;
}
