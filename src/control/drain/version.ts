// Versions of what directors share about drains: the higher one counts. They are 32 bits on the wire.

const VERSION_MAX = 0xffff_ffff;

/** What an operator does here is the last word, except at the highest version of all, which stays: more than that does not fit the wire. */
export const nextVersion = (version: number): number => Math.min(version + 1, VERSION_MAX);

/** Of a peer, who may name any: one more is left for an operator here. */
export const receivedVersion = (version: number): number => Math.min(version, VERSION_MAX - 1);
