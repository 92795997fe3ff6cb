// ~SEQ, ~SEQx and ~LST at the beginning of a line: the values that their variables take in turn.

/** The variables, and lazily their values in each round. */
export interface Sequence {
  readonly variables: readonly string[];
  readonly rounds: Iterable<readonly string[]>;
  /** How many there are. */
  readonly count: number;
  /** The index where the repeated text begins. */
  readonly end: number;
}

/** keepalived's messages about an invalid one, without the text of the line. */
export interface SequenceProblem {
  readonly problems: readonly string[];
}

const INT64 = 2n ** 63n;

/** strtol() with base 0: `0x` is hexadecimal, `0` octal; an empty text is 0. */
function readInteger(text: string): bigint | undefined {
  const match = /^([+-]?)(?:0[xX]([0-9a-fA-F]+)|0([0-7]*)|([1-9]\d*)|)$/.exec(text);
  if (match === null || text === '+' || text === '-') return undefined;
  const [, sign, hex, octal, decimal] = match;
  const size = hex !== undefined ? BigInt(`0x${hex}`) : octal !== undefined && octal !== '' ? BigInt(`0o${octal}`) : BigInt(decimal ?? 0);
  return sign === '-' ? -size : size;
}

function* count(start: bigint, step: bigint, end: bigint, base: 10 | 16): Generator<readonly string[]> {
  for (let value = start; step > 0n ? value <= end : value >= end; value += step) yield [value.toString(base)];
}

/** `~SEQ(var, [start,] [step,] end)`: start defaults to 1 (-1 for a negative end), step to 1 or -1. `substitute` inserts parameters. */
export function readSeq(text: string, substitute: (text: string) => string): Sequence | SequenceProblem {
  const match = /^~SEQ(x?)\s*\(/.exec(text);
  const close = text.indexOf(')');
  const specification = 'Invalid ~SEQ specification';
  if (match === null) return { problems: [specification] };
  if (close === -1) return { problems: ['~SEQ parameter strings too long', specification] };
  const [variable, ...numbers] = substitute(text.slice(match[0].length, close + 1))
    .slice(0, -1)
    .trim()
    .split(/\s*,\s*|\s+/);
  const values = numbers.map(readInteger);
  if (variable === undefined || variable === '' || values.length === 0 || values.length > 3 || values.includes(undefined)) {
    return { problems: ['Invalid ~SEQ definition', specification] };
  }
  const end = values.at(-1)!;
  const start = values.length > 1 ? values[0]! : end < 0n ? -1n : 1n;
  const step = values.length > 2 ? values[1]! : end >= start ? 1n : -1n;
  if (match[1] === 'x' && (start < 0n || end < 0n)) return { problems: ['~SEQx is only valid for positive numbers', specification] };
  const small = [start, step, end].every((value) => value >= -INT64 && value < INT64);
  if (!small || step === 0n || (step > 0n ? start > end : start < end)) return { problems: ['Invalid ~SEQ values', specification] };
  const rounds = count(start, step, end, match[1] === 'x' ? 16 : 10);
  return { variables: [variable], rounds, count: Number((end - start) / step) + 1, end: close + 1 };
}

/** `{a, b}` or one word, with surrounding blanks; a comma or the closing bracket must follow the match. */
const ELEMENT = /[ \t]*(?:\{([^{}]*)\}|([^\s,{}"')]*))[ \t]*/y;

/** `~LST(var, v1, v2…)`, `~LST({a,b}, {1,2}, {3,4})`: missing values are empty, surplus values are refused. */
export function readLst(text: string): Sequence | SequenceProblem {
  const invalid: SequenceProblem = { problems: ['Invalid ~LST specification'] };
  const head = /^~LST\s*\(/.exec(text);
  if (head === null) return invalid;
  const elements: string[][] = [];
  let at = head[0].length;
  for (;;) {
    ELEMENT.lastIndex = at;
    const found = ELEMENT.exec(text)!;
    const words = found[1] === undefined ? [found[2]!] : found[1].split(',').map((word) => word.trim());
    if (words.some((word) => /[\s"']/.test(word))) return invalid;
    elements.push(words);
    at += found[0].length;
    const next = text[at++];
    if (next === ')') break;
    if (next !== ',') return invalid;
  }
  const [variables, ...rounds] = elements;
  if (variables === undefined || rounds.length === 0) return invalid;
  if (rounds.some((values) => values.length > variables.length)) {
    return { problems: ['~LST specification has too many values', ...invalid.problems] };
  }
  return { variables, rounds: rounds.map((values) => variables.map((_, index) => values[index] ?? '')), count: rounds.length, end: at };
}
