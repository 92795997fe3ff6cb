// Whether this director itself had the last packet of a connection that no other director has sent to this process. If that packet came before the process
// began, it is not known: the process before may have got the connection from another director.

/** `idle`: seconds since its last packet. */
export const isOwnSince = (idle: number): boolean => idle < performance.now() / 1000;
