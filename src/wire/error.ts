/** Why bytes are not what they claim to be. The kinds are the decode categories of Ember's specification. */
export type DecodeErrorKind =
    | "empty"
    | "unknown_wire_type"
    | "unexpected_end"
    | "bad_varint"
    | "bad_option"
    | "bad_utf8"
    | "serde_custom";

export interface DecodeError {
    readonly kind: DecodeErrorKind;
    /** The field that could not be read, e.g. "outer.ttl_hours". */
    readonly field: string;
    /** Where the reading stopped, in bytes from the start of the input. */
    readonly offset: number;
    /** The type byte of an unknown wire type. */
    readonly wireType?: number;
}
