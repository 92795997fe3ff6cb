// What the tests of the driver among processes share: a bed in a namespace of its own, commands in it, and a connection through it.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { unlessCode } from '../../src/sys/errno.js';
import { until } from '../support/until.js';
import { type Bed, openBed } from './bed.js';
import { type Orders, VIP } from './driver-child.js';
import { CLIENT } from './fixtures/bed-addresses.js';
import { destination, serviceKey } from './fixtures/fixture.js';
import { fromClient, fromServer, tcp } from './fixtures/packets.js';

export const web = serviceKey('tcp', VIP, 80);
export const server = destination('10.0.2.11:80', 'masq');
export const spec = (key: typeof web) => ({ key, scheduler: 'rr', schedFlags: 0, onePacket: false });

/** This process is in the bed's namespace, and so are its children. */
export function start(orders: Orders): ChildProcess {
  const script = fileURLToPath(new URL('./driver-child.js', import.meta.url));
  return spawn(process.execPath, [script, JSON.stringify(orders)], { stdio: ['ignore', 'pipe', 'inherit'] });
}

export async function ended(child: ChildProcess): Promise<number | NodeJS.Signals> {
  const [code, signal] =
    child.exitCode === null && child.signalCode === null ? await once(child, 'exit') : [child.exitCode, child.signalCode];
  return code ?? signal;
}

/** It has printed `ready`. @throws Error when it ends first */
export function ready(child: ChildProcess): Promise<void> {
  return new Promise((done, fail) => {
    child.stdout?.once('data', () => done());
    child.once('exit', (code) => fail(new Error(`ended with ${code} before it was ready`)));
  });
}

export async function output(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  assert.equal(await ended(child), 0);
  return text;
}

export async function withBed(
  capacity: { readonly maxServices?: number; readonly maxDestinations?: number },
  work: (bed: Bed) => unknown,
): Promise<void> {
  const bed = openBed({ capacity });
  try {
    await work(bed);
  } finally {
    bed.close();
  }
}

const ends = (port: number) => ({ from: `${CLIENT}:${port}`, to: `${VIP}:80` });
export const request = (bed: Bed, port: number, letters: string) => bed.send('ingress', 'front', fromClient(tcp(ends(port), letters)));
export const reply = (bed: Bed, port: number, letters: string) =>
  bed.send('ingress', 'back', fromServer(tcp({ from: '10.0.2.11:80', to: `${CLIENT}:${port}` }, letters)));

/** An established connection through `web`. */
export function connect(bed: Bed, port: number): void {
  for (const [side, letters] of [
    [request, 'S'],
    [reply, 'SA'],
    [request, 'A'],
  ] as const)
    assert.equal(side(bed, port, letters).verdict, 'redirect');
}

/** It has stopped itself (SIGSTOP), or ended. */
export function stoppedOrEnded(child: ChildProcess): Promise<void> {
  const state = (): string => unlessCode(() => readFileSync(`/proc/${child.pid}/stat`, 'utf8'), ['ENOENT', 'ESRCH'], '');
  return until(() => child.exitCode !== null || / T /.test(state()));
}
