// Finds labs: the built-in ones by name, others in files.
import { readFileSync } from 'node:fs';
import { findJsonError } from './json-error.js';
import { labs } from './labs/index.js';
import type { Lab } from './model.js';
import { problemsOf } from './validate.js';

/** A lab cannot be used, and why: one line for each thing that is wrong. */
export class LabError extends Error {
  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'));
    this.name = 'LabError';
  }
}

/** Line and column of an offset in a text, both from 1. */
function position(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

/** Reads a lab from the text of a file. @throws LabError */
export function parseLab(text: string, name: string): Lab {
  const error = findJsonError(text);
  if (error !== undefined) {
    const found = text.slice(error.offset, error.offset + 12).split('\n')[0] ?? '';
    throw new LabError([
      `${name}:${position(text, error.offset)}: not JSON: expected ${error.expected}, got ${found === '' ? 'the end' : JSON.stringify(found)}`,
    ]);
  }
  const value: unknown = JSON.parse(text);
  const problems = problemsOf(value);
  if (problems.length > 0) {
    throw new LabError(problems.map(({ path, message }) => `${name}: ${path === '' ? '' : `${path}: `}${message}`));
  }
  return value as Lab;
}

/** The lab that a person means: a built-in name, else a path. @throws LabError */
export function findLab(word: string): Lab {
  const known = labs.find(({ name }) => name === word);
  if (known !== undefined) {
    return known;
  }
  let text: string;
  try {
    text = readFileSync(word, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new LabError([
      code === 'ENOENT' ? `no lab and no file is called ${word}; 'weir lab' lists the labs` : `${word}: ${(error as Error).message}`,
    ]);
  }
  return parseLab(text, word);
}
