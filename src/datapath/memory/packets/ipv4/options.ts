// The options of an IPv4 header (RFC 791, 3.1).

const [END, NOTHING, LOOSE_ROUTE, STRICT_ROUTE] = [0, 1, 131, 137] as const;

/** Is there a source route among them, or an option whose length does not fit? The kernel's stack drops such packets. */
export function hasSourceRoute(options: Uint8Array): boolean {
  for (let at = 0; at < options.length && options[at] !== END; ) {
    const kind = options[at];
    const length = kind === NOTHING ? 1 : (options[at + 1] ?? 0);
    if (kind === LOOSE_ROUTE || kind === STRICT_ROUTE) return true;
    if (kind !== NOTHING && (length < 2 || at + length > options.length)) return true;
    at += length;
  }
  return false;
}
