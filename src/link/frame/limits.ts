/** The version in every frame, 0..3. */
export const VERSION = 1;

/** Most source symbols of one block. */
export const SYMBOLS_MAX = 32;

/** Largest value of `left`: so many frames or more. */
export const LEFT_MAX = 3;

/** Repair symbols of one block and value of `left`. */
export const REPAIR_NUMBERS = 32;

/** Transfers that one sender can tell apart. */
export const SLOTS = 16;

/** Short names that stations of one channel can have. */
export const ALIASES = 16;

/** Bytes before the symbol of a source or repair frame. */
export const SYMBOL_HEADER_SIZE = 3;

/** Bytes before the block of a single frame. */
export const SINGLE_HEADER_SIZE = 1;

/** Smallest and largest frame of any channel, in bytes. */
export const FRAME_SIZE_MIN = 32;
export const FRAME_SIZE_MAX = 512;
