// Where an expression and its groups match: threads in their order of preference, each with its own slots (Pike). Slower than the automaton, as many
// steps a byte as there are instructions at most; asked only where groups are used.
import type { Program } from './program.js';

interface Thread {
  readonly at: number;
  readonly slots: readonly number[];
}

/** Begin and end of the match, then of each group, as Perl has them; -1: the group has no part in it. undefined: no match. */
export function captures(program: Program, groups: number, text: string): readonly number[] | undefined {
  const none: readonly number[] = new Array<number>(2 * groups + 2).fill(-1);
  let threads: Thread[] = [];
  let seen = new Set<number>();
  let found: readonly number[] | undefined;

  /** Adds a thread and all that follow it without a byte, in the order of preference. */
  const follow = (list: Thread[], first: Thread, index: number): void => {
    const left = [first];
    for (let thread = left.pop(); thread !== undefined; thread = left.pop()) {
      const { at, slots } = thread;
      if (seen.has(at)) continue;
      seen.add(at);
      const one = program[at];
      if (one === undefined) continue;
      if (one.kind === 'jump') left.push({ at: one.to, slots });
      else if (one.kind === 'split') left.push({ at: one.second, slots }, { at: one.first, slots });
      else if (one.kind === 'save') left.push({ at: at + 1, slots: slots.with(one.slot, index) });
      else if (one.kind === 'start' || one.kind === 'end') {
        if (index === (one.kind === 'start' ? 0 : text.length)) left.push({ at: at + 1, slots });
      } else list.push(thread);
    }
  };

  for (let index = 0; index <= text.length; index++) {
    if (found === undefined) follow(threads, { at: 0, slots: none.with(0, index) }, index);
    const next: Thread[] = [];
    seen = new Set();
    for (const { at, slots } of threads) {
      const one = program[at];
      if (one?.kind === 'match') {
        found = slots.with(1, index);
        break;
      }
      if (one?.kind === 'bytes' && index < text.length && one.set.has(text.charCodeAt(index)))
        follow(next, { at: at + 1, slots }, index + 1);
    }
    threads = next;
    if (threads.length === 0 && found !== undefined) break;
  }
  return found;
}
