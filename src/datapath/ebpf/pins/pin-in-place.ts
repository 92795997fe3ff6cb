// A pin that takes the place of another one in one step: there is one at any moment.
import { renameSync, rmSync } from 'node:fs';

/** Pins it beside the one that is there; what is returned puts it into that one's place. @throws SystemError as pin() */
export function pinBeside(thing: { pin(path: string): void }, path: string): () => void {
  const beside = `${path}_new`;
  rmSync(beside, { force: true });
  thing.pin(beside);
  return () => renameSync(beside, path);
}

/** @throws SystemError as pin() */
export function pinInPlace(thing: { pin(path: string): void }, path: string): void {
  pinBeside(thing, path)();
}
