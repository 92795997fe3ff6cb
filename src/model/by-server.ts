// What is published of each server, by the names that its health has.

interface OfServer {
  readonly virtual: string;
  readonly server: string;
}

/** Finds what belongs to a server of a virtual one. */
export function byServer<T extends OfServer>(all: readonly T[]): (virtual: string, server: string) => T | undefined {
  const found = new Map(all.map((one) => [`${one.virtual} ${one.server}`, one]));
  return (virtual, server) => found.get(`${virtual} ${server}`);
}
