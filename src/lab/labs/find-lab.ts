// Finds labs: the built-in ones by name, others in files.

import { readFileSync } from 'node:fs';
import { WeirError } from '../../model/errors/weir-error.js';
import { hasCode } from '../../sys/errno.js';
import { findJsonError } from '../definition/json-error.js';
import type { Lab } from '../definition/lab.js';
import { problemsOf } from '../definition/validate.js';
import { labs } from './index.js';

/** Line and column of an offset in a text, both from 1. */
function position(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** Reads a lab from the text of a file. @throws WeirError lab-not-json, lab-invalid */
export function parseLab(text: string, name: string): Lab {
  const error = findJsonError(text);
  if (error !== undefined) {
    const found = text.slice(error.offset, error.offset + 12).split('\n')[0] ?? '';
    throw new WeirError('lab-not-json', { name, ...position(text, error.offset), expected: error.expected, found });
  }
  const value: unknown = JSON.parse(text);
  const problems = problemsOf(value);
  if (problems.length > 0) {
    const lines = problems.map(({ path, message }) => `${name}: ${path === '' ? '' : `${path}: `}${message}`);
    throw new WeirError('lab-invalid', { lines });
  }
  return value as Lab;
}

/** The lab named on the command line: a built-in name, else a path. @throws WeirError lab-unknown, lab-unreadable, lab-not-json, lab-invalid */
export function findLab(word: string): Lab {
  const known = labs.find(({ name }) => name === word);
  if (known !== undefined) return known;
  let text: string;
  try {
    text = readFileSync(word, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) throw new WeirError('lab-unknown', { name: word });
    throw new WeirError('lab-unreadable', { name: word, why: (error as Error).message });
  }
  return parseLab(text, word);
}
