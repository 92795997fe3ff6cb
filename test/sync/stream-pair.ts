// Directors of a pair (pair.ts) that keep their connections the same by weir's own stream.
import assert from 'node:assert/strict';
import type { PeerStatus, StreamStatus } from '../../src/model/stream-node.js';
import { ok, until } from '../datapath/cluster.js';
import { ENTRY, type Host } from '../support/netns-bed.js';
import { RunningDaemon } from '../support/running-daemon.js';
import type { Pair } from './pair.js';

/** By the cable between the directors. */
export const LINK_ADDRESS = { first: '10.8.9.1', second: '10.8.9.2' } as const;

/** The process of a stream in a host's namespace. */
export function startStream({ bed }: Pick<Pair, 'bed'>, host: Host, key: string, peer: string, ...more: readonly string[]): RunningDaemon {
  const daemon = new RunningDaemon([
    ...['ip', 'netns', 'exec', host.namespace],
    ...[process.execPath, ENTRY, 'sync', 'serve', '--key', key, ...more, peer],
  ]);
  bed.atEnd(() => daemon.signal('SIGKILL'));
  return daemon;
}

export interface StreamAnswer {
  readonly stream: StreamStatus;
  readonly wouldBreak: number | null;
}

/** undefined: no process of a stream runs there. */
export function streamOf(host: Host): StreamAnswer | undefined {
  const { stdout } = host.weir('sync status --json');
  return (JSON.parse(stdout) as (StreamAnswer | object)[]).find((each): each is StreamAnswer => 'stream' in each);
}

const isEqual = ({ to, from }: PeerStatus): boolean =>
  from.whole && from.waiting === 0 && to.digest === 'equal' && from.digest === 'equal' && to.lost + from.lost === 0;

/** Waits until each of these has got all that the other has, nothing waits, and both have found that they have the same. */
export async function inStep(...hosts: readonly Host[]): Promise<void> {
  for (const host of hosts) {
    await until(
      () => streamOf(host),
      (answer) => answer?.wouldBreak === 0 && answer.stream.peers.every(isEqual),
      60,
    );
  }
}

/** Processes with a new key at both directors; the options are of the first one's. */
export function startStreams(pair: Pair, ...options: readonly string[]): { key: string; first: RunningDaemon; other: RunningDaemon } {
  const key = newKey(pair).file;
  const first = startStream(pair, pair.lvs, key, LINK_ADDRESS.second, ...options);
  return { key, first, other: startStream(pair, pair.second, key, LINK_ADDRESS.first) };
}

/** A key in a file of the bed's; its pin. */
export function newKey({ bed, lvs }: Pick<Pair, 'bed' | 'lvs'>): { readonly file: string; readonly pin: string } {
  const file = `${bed.folder('weir-key-')}/key`;
  const pin = ok(lvs.weir(`sync keygen ${file}`)).trim();
  assert.match(pin, /^[A-Za-z0-9_-]{43}$/);
  return { file, pin };
}
