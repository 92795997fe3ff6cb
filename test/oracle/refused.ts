// Answers that are missing because a feature is: the row in model/capabilities.ts is the reason.
import { capabilities } from '../../src/model/capabilities.js';
import type { Answer } from './answers.js';

/** Whether ours is nothing but the line that a feature is not there yet. */
export function isRefused(answer: Answer): boolean {
  const lines = answer.ours.split('\n').filter((line) => !/^(?:|\[rc 255\]|#.*)$/.test(line));
  return lines.length === 1 && capabilities.some(({ present, missing }) => !present && lines[0] === `! weir: ${missing}`);
}
