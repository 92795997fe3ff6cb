// A pin that takes the place of another one in one step: there is one at any moment.
import { existsSync, renameSync, rmSync } from 'node:fs';

const besideOf = (path: string): string => `${path}_new`;

/** Where what the nth process that was killed had pinned beside it is kept. */
const leftOf = (path: string, nth: number): string => `${path}_left${nth === 1 ? '' : nth}`;

function leftBy(path: string): readonly string[] {
  const found: string[] = [];
  for (let nth = 1; existsSync(leftOf(path, nth)); nth++) found.push(leftOf(path, nth));
  return found;
}

/** What processes that were killed meanwhile have pinned beside it: links may have programs that go by these, too. */
export const pinsBeside = (path: string): readonly string[] => [...[besideOf(path)].filter((each) => existsSync(each)), ...leftBy(path)];

/**
 * Pins it beside the one that is there; what is returned puts it into that one's place. What processes that were killed in between had pinned
 * beside stays until then, too: links may have their programs.
 * @throws SystemError as pin()
 */
export function pinBeside(thing: { pin(path: string): void }, path: string): () => void {
  const beside = besideOf(path);
  if (existsSync(beside)) renameSync(beside, leftOf(path, leftBy(path).length + 1));
  thing.pin(beside);
  return () => {
    renameSync(beside, path);
    // The last one first: what is there is always counted from 1.
    for (const left of leftBy(path).toReversed()) rmSync(left, { force: true });
  };
}

/** @throws SystemError as pin() */
export function pinInPlace(thing: { pin(path: string): void }, path: string): void {
  pinBeside(thing, path)();
}

/** Removes it, if it is there, and what processes that were killed have pinned beside it. */
export function unpin(path: string): void {
  for (const each of [...pinsBeside(path).toReversed(), path]) rmSync(each, { force: true });
}
