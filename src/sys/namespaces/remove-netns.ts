// Removes a named network namespace, as `ip netns del` does.
import { existsSync } from 'node:fs';
import { systemClock } from '../clock.js';
import { runChildSync } from '../processes/child.js';

const TRIES_MAX = 40;
const PAUSE_MS = 50;

/**
 * undefined: the name is gone, also where it was not there; else the message of iproute2. The name may be busy for a moment while other
 * processes make mount namespaces: then it is tried again, for two seconds.
 */
export function removeNetns(name: string): string | undefined {
  const path = `/run/netns/${name}`;
  let obstacle = '';
  for (let tries = 0; tries < TRIES_MAX && existsSync(path); tries++) {
    if (tries > 0) systemClock.sleep(PAUSE_MS);
    const { exit, stderr } = runChildSync(['ip', 'netns', 'del', name]);
    obstacle = exit === 0 ? '' : stderr.trim();
  }
  return existsSync(path) ? obstacle : undefined;
}
