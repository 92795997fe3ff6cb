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

export interface Flooded {
  readonly sent: number;
  /** So often a full queue refused a frame, which was sent again. */
  readonly refused: number;
}

function result(output: string): Flooded {
  const [, sent, refused] = /^(\d+) (\d+)\n$/.exec(output) ?? assert.fail(`the flooder ended with: ${output}`);
  return { sent: Number(sent), refused: Number(refused) };
}

/** Sends all frames of each plan, by the host's v0, in turns. */
export function flood(from: Host, plans: readonly FloodPlan[]): Flooded {
  const { stdout, stderr } = from.run([process.execPath, FLOODER, indexOf(from)], written(plans));
  return result(stdout + stderr);
}

/** Sends all frames of each plan, by the host's v0, in turns, while the test goes on. */
export function floodMeanwhile(from: Host, plans: readonly FloodPlan[]): Promise<Flooded> {
  const argv = ['netns', 'exec', from.namespace, process.execPath, FLOODER, indexOf(from)];
  const child = spawn('ip', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(written(plans));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  return new Promise((done, fail) => {
    child.on('close', (status) => (status === 0 ? done(result(output)) : fail(new Error(`the flooder ended with ${status}`))));
  });
}

const indexOf = (host: Host): string => /^(\d+): v0/m.exec(host.ip('link show v0'))?.[1] ?? '';

const written = (plans: readonly FloodPlan[]): string =>
  JSON.stringify(plans.map(({ frame, ...rest }) => ({ frame: Buffer.from(frame).toString('hex'), ...rest })));
