// Whose the last packet of a connection was, where no other director has sent it: what had it before this process began may have come from another one to the
// process before.

/** Seconds since its last packet. */
export const isOwnSince = (idle: number): boolean => idle < performance.now() / 1000;
