// A pin that takes the place of another one in one step: there is one at any moment.
import { existsSync, renameSync, rmSync } from 'node:fs';

const besides = (path: string): readonly [string, string] => [`${path}_new`, `${path}_left`];

/** What processes that were killed meanwhile have pinned beside it: links may have programs that go by these, too. */
export const pinsBeside = (path: string): readonly string[] => besides(path).filter((each) => existsSync(each));

/**
 * Pins it beside the one that is there; what is returned puts it into that one's place. What a process that was killed in between had pinned
 * beside stays until then, too: links may have its programs.
 * @throws SystemError as pin()
 */
export function pinBeside(thing: { pin(path: string): void }, path: string): () => void {
  const [beside, left] = besides(path);
  if (existsSync(beside)) renameSync(beside, left);
  thing.pin(beside);
  return () => {
    renameSync(beside, path);
    rmSync(left, { force: true });
  };
}

/** @throws SystemError as pin() */
export function pinInPlace(thing: { pin(path: string): void }, path: string): void {
  pinBeside(thing, path)();
}
