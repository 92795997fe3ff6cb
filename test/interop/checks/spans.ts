// How many attempts a daemon made before it logged something about a server, and how far apart they were: counted from the last line about
// that server, or from the last change of what the server answers.
import type { Side } from './side.js';

/** weir's own line behind keepalived's about a failure: what the check saw. */
export const WHAT_A_CHECK_SAW = /^[A-Z_]+ of service .* of VS .*: /;

/** `10.1.0.11:80` of `[10.1.0.11]:tcp:80`, with `/udp` for UDP. */
const placesIn = (line: string): readonly string[] =>
  [...line.matchAll(/\[([\d.]+)\]:(tcp|udp):(\d+)/g)].map(
    ([, address, protocol, port]) => `${address}:${port}${protocol === 'udp' ? '/udp' : ''}`,
  );

/** Times between attempts, then from the last one to the line, ms; by place, line and how often it came. Only spans with attempts. */
export function countedSpans(side: Side): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, readonly number[]>();
  const times = new Map<string, number>();
  const attempts = new Map<string, number[]>();
  for (const entry of side.happened) {
    if (entry.kind === 'attempt') attempts.set(entry.text, [...(attempts.get(entry.text) ?? []), entry.atMs]);
    if (entry.kind === 'step' && entry.text === 'stop') break;
    // Whatever a step changes, when it comes between two attempts is chance.
    if (entry.kind === 'step') attempts.clear();
    if (entry.kind !== 'line' || WHAT_A_CHECK_SAW.test(entry.text)) continue;
    for (const place of placesIn(entry.text)) {
      const made = attempts.get(place) ?? [];
      attempts.delete(place);
      if (made.length === 0) continue;
      const key = `${place} before “${entry.text}”`;
      const count = (times.get(key) ?? 0) + 1;
      times.set(key, count);
      found.set(
        `${key} (${count})`,
        [...made, entry.atMs].slice(1).map((at, index) => at - (made[index] ?? at)),
      );
    }
  }
  return found;
}
