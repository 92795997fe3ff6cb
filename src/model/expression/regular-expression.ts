// Regular expressions over what clients send, in linear time: no text makes one slow. JavaScript's and PCRE's go back over a text: a request of 30 bytes
// can cost them seconds, or PCRE's limits make an error of it. The price is what no finite automaton has (syntax.ts), which is refused when a
// configuration is read. `$` is the end of the text alone, not before a last LF, so that no encoded LF passes a rule for it.
import { Automaton } from './automaton.js';
import { Positions } from './positions.js';
import { type Program, programOf } from './program.js';
import { ExpressionError, readExpression } from './syntax.js';
import { captures } from './threads.js';

/** Instructions between two bytes, which are walked where groups are asked for. */
const WIDEST_MAX = 60;

export class RegularExpression {
  readonly groups: number;
  readonly #program: Program;
  readonly #positions: Positions;
  readonly #automaton: Automaton;

  /** @throws ExpressionError */
  constructor(pattern: string, ignoreCase = false) {
    const { node, groups } = readExpression(pattern, ignoreCase);
    this.groups = groups;
    this.#program = programOf(node);
    this.#positions = new Positions(this.#program);
    if (groups > 0 && this.#positions.widest > WIDEST_MAX) throw new ExpressionError('too many ways from one byte to the next', 0);
    this.#automaton = new Automaton(this.#positions);
  }

  /** Whether it matches anywhere in a text of bytes (a character each). */
  test(text: string): boolean {
    return this.#automaton.test(text);
  }

  /** The match and its groups, empty where a group has no part in it; undefined: no match. */
  exec(text: string): readonly string[] | undefined {
    if (!this.test(text)) return undefined;
    const slots = captures(this.#program, this.#positions, this.groups, text);
    if (slots === undefined) return undefined;
    return Array.from({ length: this.groups + 1 }, (_, group) => text.slice(slots[2 * group], Math.max(slots[2 * group + 1] ?? 0, 0)));
  }
}

/** What is wrong with an expression; undefined: nothing. */
export function expressionFault(pattern: string): string | undefined {
  try {
    new RegularExpression(pattern);
    return undefined;
  } catch (error) {
    if (error instanceof ExpressionError) return error.message;
    throw error;
  }
}
