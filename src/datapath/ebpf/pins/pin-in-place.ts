// A pin that takes the place of another one in one step: there is one at any moment.
import { renameSync, rmSync } from 'node:fs';

/** @throws SystemError as pin() */
export function pinInPlace(thing: { pin(path: string): void }, path: string): void {
  const beside = `${path}_new`;
  rmSync(beside, { force: true });
  thing.pin(beside);
  renameSync(beside, path);
}
