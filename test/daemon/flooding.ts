// Floods from one host of a bed to the other.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Host } from '../support/netns-bed.js';

const FLOODER = fileURLToPath(new URL('./flooder.js', import.meta.url));

export interface FloodPlan {
  readonly frame: Uint8Array;
  readonly count: number;
  readonly perSecond?: number;
}

/** All frames of each, by the host's v0, in turns; how many went. */
export function flood(from: Host, plans: readonly FloodPlan[]): number {
  const { stdout, stderr } = from.run([process.execPath, FLOODER, indexOf(from)], written(plans));
  assert.match(stdout, /^\d+\n$/, stderr);
  return Number(stdout);
}

/** The same while the test goes on. */
export function floodMeanwhile(from: Host, plans: readonly FloodPlan[]): Promise<number> {
  const argv = ['netns', 'exec', from.namespace, process.execPath, FLOODER, indexOf(from)];
  const child = spawn('ip', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(written(plans));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  return new Promise((done, fail) => {
    child.on('close', (status) => (status === 0 ? done(Number(said)) : fail(new Error(`the flooder ended with ${status}`))));
  });
}

const indexOf = (host: Host): string => /^(\d+): v0/m.exec(host.ip('link show v0'))?.[1] ?? '';

const written = (plans: readonly FloodPlan[]): string =>
  JSON.stringify(plans.map(({ frame, ...rest }) => ({ frame: Buffer.from(frame).toString('hex'), ...rest })));
