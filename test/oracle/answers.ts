// A transcript as answers that can be compared: each command with what it printed.

/** One comparable piece: `command` as the transcript shows it, `text` what came of it, `line` (from 1) where the recording has it. */
export interface Answer {
  readonly line: number;
  readonly command: string;
  readonly text: string;
  /** What the other transcript has in its place; of a line of a long block: nothing. */
  readonly ours: string;
}

interface Block {
  readonly line: number;
  readonly command: string;
  readonly body: readonly string[];
}

/** A block longer than this is compared line by line, so that one difference does not hide the rest. */
const LONG = 24;

function isSilent(line: string): boolean {
  return line.trim() === '' || line === '[rc 0]' || line.startsWith('#');
}

function blocksOf(transcript: string): readonly Block[] {
  const blocks: { line: number; command: string; body: string[] }[] = [];
  transcript.split('\n').forEach((line, index) => {
    const last = blocks.at(-1);
    if (/^\s*\$ /.test(line) || last === undefined) blocks.push({ line: index + 1, command: line.trimEnd(), body: [] });
    else last.body.push(line.trimEnd());
  });
  return blocks;
}

/** `answers`: those of `recorded` with output, or where `ours` has some; `same`: the ones of them that `ours` gives as well. */
export interface Comparison {
  readonly answers: readonly Answer[];
  readonly same: ReadonlySet<Answer>;
}

/** What both have in common, in order (the longest common subsequence): the indices in `left`. */
function common(left: readonly string[], right: readonly string[]): ReadonlySet<number> {
  const lengths = Array.from({ length: left.length + 1 }, () => new Array<number>(right.length + 1).fill(0));
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      const row = lengths[i];
      if (row !== undefined) row[j] = left[i] === right[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const found = new Set<number>();
  for (let i = 0, j = 0; i < left.length && j < right.length; ) {
    if (left[i] === right[j]) {
      found.add(i++);
      j++;
    } else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return found;
}

/**
 * Compares two transcripts of one script. The script prints the same commands in the same order whatever the director
 * answers, so the n-th command of one belongs to the n-th of the other.
 */
export function compare(recorded: string, ours: string): Comparison {
  const answers: Answer[] = [];
  const same = new Set<Answer>();
  const theirs = blocksOf(ours);
  blocksOf(recorded).forEach((block, index) => {
    const twin = theirs[index]?.command === block.command ? (theirs[index]?.body ?? []) : [];
    if (block.body.length <= LONG) {
      if (block.body.every(isSilent) && twin.every(isSilent)) return;
      const answer = { line: block.line, command: block.command, text: block.body.join('\n'), ours: twin.join('\n') };
      answers.push(answer);
      if (answer.text === answer.ours) same.add(answer);
      return;
    }
    const shared = common(block.body, twin);
    block.body.forEach((text, offset) => {
      if (isSilent(text)) return;
      const answer = { line: block.line + 1 + offset, command: block.command, text, ours: '' };
      answers.push(answer);
      if (shared.has(offset)) same.add(answer);
    });
  });
  return { answers, same };
}

/** Whether two answers differ in no line but those that match. */
export function differsOnlyIn(lines: RegExp, answer: Answer): boolean {
  const others = (text: string): string =>
    text
      .split('\n')
      .filter((line) => !lines.test(line))
      .join('\n');
  return others(answer.text) === others(answer.ours);
}

/**
 * Our transcript with countdowns that were read late put right: a line that ends in seconds left, up to `seconds` fewer than in a recorded
 * line that is the same but for them, becomes that line. A busy machine looks a moment after the packet; more than that is a difference.
 */
export function readLate(recorded: string, ours: string, seconds: number): string {
  const known = new Set(recorded.split('\n').map((line) => line.trimEnd()));
  const inTime = (line: string): string => {
    const [, words, left, end] = /^(.*-> (?:\['[\d.:]+ )?[\w-]+ )(\d+)('\])?$/.exec(line) ?? [];
    if (words === undefined || left === undefined || known.has(line)) return line;
    const candidates = Array.from({ length: seconds }, (_, late) => `${words}${Number(left) + late + 1}${end ?? ''}`);
    return candidates.find((candidate) => known.has(candidate)) ?? line;
  };
  return ours
    .split('\n')
    .map((line) => inTime(line.trimEnd()))
    .join('\n');
}
