// What commands and the API release, and the daemon's VRRP process follows: /run/weir/release/COOKIE.json, by the director's network namespace.
import { isNothingReleased, type Released, readReleased } from '../model/released.js';
import { readTextFile } from '../sys/files/durable-file.js';
import { netnsStatePath, type StateFile, withState } from './state-file.js';

/** `cookie`: of the director's network namespace; default: this one. */
export const releasedNow = (cookie?: bigint): Released => readReleased(readTextFile(netnsStatePath('release', '', cookie)));

/** `waitMs`: for another command that changes it. @throws WeirError lock-busy; SystemError */
export function changeReleased(change: (before: Released) => Released, waitMs?: number): Released {
  const changed = (file: StateFile): Released => {
    const after = change(readReleased(file.read()));
    file.write(isNothingReleased(after) ? undefined : JSON.stringify(after));
    return after;
  };
  return withState('release', changed, waitMs);
}
