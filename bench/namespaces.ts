// The bench's network namespaces: created, connected by veth pairs and removed, also those of a run that was killed.
import { existsSync, readdirSync } from 'node:fs';
import { run } from './processes.js';

const prefix = `wbench${process.pid}-`;
const made = new Set<string>();

/** The bench's name for a namespace: no other run's, no other program's. */
export const named = (name: string): string => `${prefix}${name}`;

const quietly = ['net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1'];
const always = ['net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0'];

export const setSysctls = (namespace: string, settings: readonly string[]): void => {
  run(namespace, ['sysctl', '-qw', ...settings]);
};

/** A new namespace with `lo` up, no source validation and no IPv6 chatter; its full name. */
export const makeNamespace = (name: string): string => {
  const full = named(name);
  run(undefined, ['ip', 'netns', 'add', full]);
  made.add(full);
  run(full, ['ip', 'link', 'set', 'lo', 'up']);
  setSysctls(full, always);
  if (existsSync('/proc/sys/net/ipv6')) setSysctls(full, quietly);
  return full;
};

export interface End {
  readonly namespace: string;
  readonly device: string;
  readonly mac: string;
  /** With prefix length. */
  readonly address: string;
}

/** A veth pair, both ends named, addressed and up, each knowing the other's MAC for good. */
export const makePair = (a: End, b: End): void => {
  const peer = ['type', 'veth', 'peer', 'name', b.device, 'netns', b.namespace, 'address', b.mac];
  run(undefined, ['ip', 'link', 'add', a.device, 'netns', a.namespace, 'address', a.mac, ...peer]);
  for (const [end, other] of [
    [a, b],
    [b, a],
  ] as const) {
    run(end.namespace, ['ip', 'address', 'add', end.address, 'dev', end.device]);
    run(end.namespace, ['ip', 'link', 'set', end.device, 'up']);
    neighbour(end, other.address.split('/')[0] ?? '', other.mac);
  }
};

/** A permanent neighbour: no address resolution disturbs a measurement. */
export const neighbour = (end: Pick<End, 'namespace' | 'device'>, address: string, mac: string): void => {
  run(end.namespace, ['ip', 'neighbour', 'replace', address, 'lladdr', mac, 'dev', end.device, 'nud', 'permanent']);
};

/** Device features by ethtool's names, e.g. `tx off gro on`; a feature that the device lacks is left alone. */
export const setFeatures = (namespace: string, device: string, ...features: readonly string[]): void => {
  for (let at = 0; at + 1 < features.length; at += 2) {
    try {
      run(namespace, ['ethtool', '-K', device, features[at] ?? '', features[at + 1] ?? '']);
    } catch (error) {
      if (!/Could not change|not supported|\[fixed\]/.test(String(error))) throw error;
    }
  }
};

/** As many queues of arriving packets: XDP puts each CPU's packets into another one, as network cards spread them. */
export const setReceiveQueues = (namespace: string, device: string, count: number): void => {
  run(namespace, ['ethtool', '-L', device, 'rx', String(count)]);
};

export const dropNamespace = (full: string): void => {
  run(undefined, ['ip', 'netns', 'delete', full]);
  made.delete(full);
};

/** Removes every namespace this run made. Never throws: it runs on the way out. */
export const dropNamespaces = (): void => {
  for (const full of made) {
    try {
      dropNamespace(full);
    } catch (error) {
      process.stderr.write(`bench: ${String(error)}\n`);
    }
  }
};

/** Removes namespaces of runs that were killed. */
export const sweepNamespaces = (): void => {
  if (!existsSync('/run/netns')) return;
  for (const name of readdirSync('/run/netns')) {
    const owner = /^wbench(\d+)-/.exec(name)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) run(undefined, ['ip', 'netns', 'delete', name]);
  }
};

/** `02:00:00:00:01:02` as bytes. */
export const macBytes = (text: string): Uint8Array => Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16));
