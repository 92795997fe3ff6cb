// A tree of an expression as instructions for an automaton of many threads (Thompson 1968; Pike; Cox, "Regular Expression Matching Can Be Simple And
// Fast"): each byte of a text costs as many steps as there are instructions, at most.
import type { ByteSet } from './byte-set.js';
import { ExpressionError, type Node } from './syntax.js';

export type Instruction =
  | { readonly kind: 'bytes'; readonly set: ByteSet }
  /** Both; the first one is preferred. */
  | { readonly kind: 'split'; first: number; second: number }
  | { readonly kind: 'jump'; to: number }
  | { readonly kind: 'save'; readonly slot: number }
  | { readonly kind: 'start' | 'end' | 'match' };

export type Program = readonly Instruction[];

const INSTRUCTIONS_MAX = 2000;

/** @throws ExpressionError where the expression is too large */
export function programOf(root: Node): Program {
  const program: Instruction[] = [];
  const add = <I extends Instruction>(instruction: I): I => {
    if (program.length >= INSTRUCTIONS_MAX) throw new ExpressionError(`more than ${INSTRUCTIONS_MAX} steps, repetitions counted`, 0);
    program.push(instruction);
    return instruction;
  };

  const choice = (parts: readonly Node[]): void => {
    const ends: { kind: 'jump'; to: number }[] = [];
    for (const [index, part] of parts.entries()) {
      if (index === parts.length - 1) {
        emit(part);
        break;
      }
      const split = add({ kind: 'split', first: program.length + 1, second: 0 });
      emit(part);
      ends.push(add({ kind: 'jump', to: 0 }));
      split.second = program.length;
    }
    for (const end of ends) end.to = program.length;
  };

  const loop = (node: Node, greedy: boolean): void => {
    const from = program.length;
    const split = add({ kind: 'split', first: 0, second: 0 });
    emit(node);
    add({ kind: 'jump', to: from });
    split.first = greedy ? from + 1 : program.length;
    split.second = greedy ? program.length : from + 1;
  };

  const repeat = ({ node, min, max, greedy }: Extract<Node, { kind: 'repeat' }>): void => {
    for (let count = 0; count < min; count++) emit(node);
    if (!Number.isFinite(max)) {
      loop(node, greedy);
      return;
    }
    // Each within the one before: without it there is none behind it.
    const splits = Array.from({ length: max - min }, () => {
      const split = add({ kind: 'split', first: program.length + 1, second: 0 });
      emit(node);
      return { split, first: split.first };
    });
    for (const { split, first } of splits) [split.first, split.second] = greedy ? [first, program.length] : [program.length, first];
  };

  const emit = (node: Node): void => {
    if (node.kind === 'sequence') for (const part of node.parts) emit(part);
    else if (node.kind === 'choice') choice(node.parts);
    else if (node.kind === 'repeat') repeat(node);
    else if (node.kind !== 'group') add(node);
    else {
      if (node.group !== undefined) add({ kind: 'save', slot: 2 * node.group });
      emit(node.node);
      if (node.group !== undefined) add({ kind: 'save', slot: 2 * node.group + 1 });
    }
  };

  emit(root);
  add({ kind: 'match' });
  return program;
}
