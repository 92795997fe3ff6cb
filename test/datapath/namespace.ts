// A network namespace for the datapath's tests: the director's devices, addresses, neighbours, and this process inside it.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { removeNetns } from '../../src/sys/namespaces/remove-netns.js';
import { atExit } from '../support/at-exit.js';
import { DEVICES, type DeviceName, NEIGHBOURS, ROUTES } from './fixtures/bed-addresses.js';

/** Runs iproute2 on a batch of lines. `options`: as `-6`, without which a rule is IPv4's. @throws Error with ip's message */
export function ip(lines: readonly string[], namespace?: string, options: readonly string[] = []): void {
  const where = namespace === undefined ? [] : ['-n', namespace];
  execFileSync('ip', [...where, ...options, '-batch', '-'], { input: `${lines.join('\n')}\n`, stdio: ['pipe', 'ignore', 'pipe'] });
}

const NAMESPACES = '/run/netns';
let count = 0;

/** Removes namespaces of processes that were killed before they could do so. */
function sweepDead(): void {
  for (const name of existsSync(NAMESPACES) ? readdirSync(NAMESPACES) : []) {
    const pid = /^weirfx(\d+)x\d+$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) removeNamespace(name);
  }
}

/** A name that no other process of ours has. */
export function freshName(): string {
  count += 1;
  return `weirfx${process.pid}x${count}`;
}

/** Makes the namespace; it lives until `removeNamespace`. */
export function makeNamespace(name: string): void {
  if (count === 1) sweepDead();
  execFileSync('ip', ['netns', 'add', name]);
  atExit(() => removeNamespace(name));
  const devices = Object.entries(DEVICES).flatMap(([device, { mac, addresses }]) => [
    `link add ${device} address ${mac} type veth peer name ${device}-far`,
    `link set ${device} up`,
    `link set ${device}-far up`,
    ...addresses.map((address) => `addr add ${address} dev ${device}${address.includes(':') ? ' nodad' : ''}`),
  ]);
  ip(
    [
      'link set lo up',
      ...devices,
      ...NEIGHBOURS.map(({ device, address, mac }) => `neigh add ${address} lladdr ${mac} dev ${device} nud permanent`),
      ...ROUTES.map((route) => `route add ${route}`),
    ],
    name,
  );
  const settings = [
    'net.ipv4.ip_forward=1',
    'net.ipv4.conf.all.rp_filter=0',
    'net.ipv4.conf.all.accept_local=1',
    'net.ipv6.conf.all.forwarding=1',
  ];
  execFileSync('ip', ['netns', 'exec', name, 'sysctl', '-qw', ...settings]);
}

/** Ends it, and with it its devices; a second call does nothing. */
export function removeNamespace(name: string): void {
  removeNetns(name);
}

export type { DeviceName };
