// The start of a program of this node that does nothing: the reference for the starts of weir's programs.
import { spawnSync } from 'node:child_process';
import { allCpus } from './vrrp-pair.js';
import { now } from './wait.js';

/** As bin/weir starts it: what this variable names is read at the start of a node, and takes longer than all the rest of it. */
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;

/** Seconds from its start to its end. */
export const nodeStart = (): number => {
  const began = now();
  const { status } = spawnSync('taskset', ['-c', allCpus, process.execPath, '-e', ''], { env });
  if (status !== 0) throw new Error(`node -e '' ended with status ${status}`);
  return now() - began;
};
