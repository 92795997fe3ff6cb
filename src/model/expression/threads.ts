// Where an expression and its groups match, as Perl has them: backwards it is found from which positions a match can still be reached, then the first of
// them by preference is taken at each byte. So no thread is kept that comes to nothing.
import type { PositionSet, Positions } from './positions.js';
import type { Program } from './program.js';

/** A slot that is set on the way to an instruction. */
interface Save {
  readonly slot: number;
  readonly before: Save | undefined;
}

/** For each index of the text, one behind the other, the positions from which it matches. */
function reachable(positions: Positions, text: string): PositionSet {
  const { words, classOf } = positions;
  const all = new Int32Array((text.length + 1) * words);
  let [set, before]: [PositionSet, PositionSet] = [positions.matchesAtEnd, positions.empty()];
  all.set(set, text.length * words);
  for (let index = text.length - 1; index >= 0; index--) {
    positions.backward(set, classOf[text.charCodeAt(index)] as number, before);
    all.set(before, index * words);
    [set, before] = [before, index === text.length - 1 ? positions.empty() : set];
  }
  return all;
}

/** The first index at which a match begins; -1: there is none. */
function firstBegin(positions: Positions, all: PositionSet, length: number): number {
  const { words } = positions;
  for (let index = 0; index <= length; index++) {
    const isEdge = index === 0 || index === length;
    const begins = isEdge ? positions.closure([0], index === 0, index === length) : positions.inside;
    for (let word = 0; word < words; word++) if (((all[index * words + word] as number) & (begins[word] as number)) !== 0) return index;
  }
  return -1;
}

/** Begin and end of the match, then of each group; -1: the group has no part in it. undefined: no match. `text`: a character a byte, all below 256. */
export function captures(program: Program, positions: Positions, groups: number, text: string): readonly number[] | undefined {
  const { length } = text;
  const all = reachable(positions, text);
  const begin = firstBegin(positions, all, length);
  if (begin < 0) return undefined;
  const slots = new Array<number>(2 * groups + 2).fill(-1);
  slots[0] = begin;
  let from = 0;
  for (let index = begin; index <= length; index++) {
    const found = preferred(
      program,
      from,
      (at) => index < length && positions.holds(all, at, index * positions.words),
      index === 0,
      index === length,
    );
    if (found === undefined) return undefined;
    const saves: number[] = [];
    for (let save = found.saved; save !== undefined; save = save.before) saves.push(save.slot);
    for (const slot of saves) slots[slot] = index;
    if (found.isMatch) {
      slots[1] = index;
      return slots;
    }
    from = found.at + 1;
  }
  return undefined;
}

interface Found {
  readonly at: number;
  readonly isMatch: boolean;
  readonly saved: Save | undefined;
}

/** The first instruction by preference that takes a byte from which a match is reached, or that matches. */
function preferred(
  program: Program,
  from: number,
  isReached: (at: number) => boolean,
  atStart: boolean,
  atEnd: boolean,
): Found | undefined {
  const seen = new Uint8Array(program.length);
  const left: { readonly at: number; readonly saved: Save | undefined }[] = [{ at: from, saved: undefined }];
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    const { at, saved } = one;
    if (seen[at] === 1) continue;
    seen[at] = 1;
    const instruction = program[at];
    if (instruction === undefined) continue;
    const { kind } = instruction;
    if (kind === 'jump') left.push({ at: instruction.to, saved });
    else if (kind === 'split') left.push({ at: instruction.second, saved }, { at: instruction.first, saved });
    else if (kind === 'save') left.push({ at: at + 1, saved: { slot: instruction.slot, before: saved } });
    else if (kind === 'start' || kind === 'end') {
      if (kind === 'start' ? atStart : atEnd) left.push({ at: at + 1, saved });
    } else if (kind === 'match' || isReached(at)) return { at, isMatch: kind === 'match', saved };
  }
  return undefined;
}
