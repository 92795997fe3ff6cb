// What commands and the API release, and the daemon's VRRP process follows: /run/weir/release/COOKIE.json, by the director's network namespace.
import { isNothingReleased, type Released, readReleased } from '../model/released.js';
import { readTextFile } from '../sys/files/durable-file.js';
import { netnsStatePath, withState } from './state-file.js';

/** `cookie`: of the director's network namespace; default: this one. */
export const releasedNow = (cookie?: bigint): Released => readReleased(readTextFile(netnsStatePath('release', '', cookie)));

/** @throws WeirError lock-busy; SystemError */
export function changeReleased(change: (before: Released) => Released): Released {
  return withState('release', (file) => {
    const after = change(readReleased(file.read()));
    file.write(isNothingReleased(after) ? undefined : JSON.stringify(after));
    return after;
  });
}
