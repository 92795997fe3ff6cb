// What `start` saves so that `stop` can undo exactly that: written before any change, removed after the last one.
//
// There are two writers: weir itself (JSON), and the self-contained script (lines that sh can read and write). This file reads both.

import { parseAddress, parseIpv4 } from '../../model/address-text.js';
import { isRecord } from '../../model/json.js';
import type { TunnelKind, TunnelPort } from './tunnel-devices.js';

export interface SavedSetting {
  /** Path below /proc/sys. */
  readonly path: string;
  readonly previous: string;
  /** What start wrote; a value that is neither this nor `previous` was changed by someone else and is left alone. */
  readonly set: string;
}

/** A tunnel device that start used. `was`: before it; `remote` absent: it takes packets of any director. */
export interface SavedTunnel {
  readonly name: string;
  readonly kind: TunnelKind;
  readonly was: 'absent' | 'down' | 'up';
  readonly remote?: string;
  readonly checksum: boolean;
}

export interface SavedAddress {
  readonly address: string;
  /** Of IPv4 on lo. */
  readonly label?: string;
  /** Absent: lo. */
  readonly interface?: string;
}

/** Addresses are text here: this is a file's shape. */
export interface Saved {
  readonly version: 1;
  /** All VIPs asked for, also those that were on lo before us. */
  readonly vips: readonly string[];
  /** Those of them that come by a tunnel. */
  readonly tunnelVips: readonly string[];
  /** Addresses that weir added. */
  readonly addresses: readonly SavedAddress[];
  readonly routes: readonly string[];
  readonly settings: readonly SavedSetting[];
  readonly tunnels: readonly SavedTunnel[];
  /** Ports of GUE that start opened. */
  readonly ports: readonly TunnelPort[];
  readonly loopbackWasDown: boolean;
}

export const NOTHING_SAVED: Saved = {
  version: 1,
  vips: [],
  tunnelVips: [],
  addresses: [],
  routes: [],
  settings: [],
  tunnels: [],
  ports: [],
  loopbackWasDown: false,
};

export function writeSaved(saved: Saved): string {
  return `${JSON.stringify(saved, null, 2)}\n`;
}

/** A sysctl path must stay below net/ipv4/conf: a state file is never a way to write elsewhere. */
const isSettingPath = (path: unknown): path is string =>
  typeof path === 'string' && /^net\/ipv4\/conf\/[^/\s]+\/(arp_ignore|arp_announce|rp_filter)$/.test(path) && !path.includes('/../');
const isAddress = (text: unknown): text is string => typeof text === 'string' && parseAddress(text) !== undefined;
const isIpv4 = (text: unknown): text is string => typeof text === 'string' && parseIpv4(text) !== undefined;
const isNumber = (text: unknown): text is string => typeof text === 'string' && /^-?[0-9]{1,10}$/.test(text);
const isLabel = (text: unknown): text is string => typeof text === 'string' && /^lo:[0-9]{1,10}$/.test(text);
const listOf = <T>(value: unknown, is: (one: unknown) => one is T): value is T[] => Array.isArray(value) && value.every(is);
const isInterface = (text: unknown): text is string => typeof text === 'string' && /^[^\s/:]{1,15}$/.test(text);
const isOwned = (one: unknown): one is SavedAddress =>
  isRecord(one) &&
  isAddress(one['address']) &&
  (one['interface'] === undefined
    ? isIpv4(one['address'])
      ? isLabel(one['label'])
      : one['label'] === undefined
    : isInterface(one['interface']) && one['label'] === undefined);
const KINDS: readonly unknown[] = ['ipip', 'sit', 'ip6tnl', 'gre', 'ip6gre'] satisfies TunnelKind[];
const isTunnel = (one: unknown): one is SavedTunnel =>
  isRecord(one) &&
  isInterface(one['name']) &&
  KINDS.includes(one['kind']) &&
  ['absent', 'down', 'up'].includes(String(one['was'])) &&
  (one['remote'] === undefined || isAddress(one['remote'])) &&
  typeof one['checksum'] === 'boolean';
const isPort = (one: unknown): one is TunnelPort =>
  isRecord(one) &&
  (one['family'] === 'inet' || one['family'] === 'inet6') &&
  Number.isInteger(one['port']) &&
  Number(one['port']) >= 1 &&
  Number(one['port']) <= 65_535;
const isSetting = (one: unknown): one is SavedSetting =>
  isRecord(one) && isSettingPath(one['path']) && isNumber(one['previous']) && isNumber(one['set']);

/** Reads weir's own file. Undefined when it is not one: a cut-off or foreign file must not steer writes. */
export function readSaved(text: string): Saved | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value) || value['version'] !== 1 || typeof value['loopbackWasDown'] !== 'boolean') return undefined;
  const { vips, addresses, routes, settings } = value as { [key in keyof Saved]: unknown };
  // Files from before there were tunnels have none of these.
  const { tunnelVips = [], tunnels = [], ports = [] } = value as { [key in keyof Saved]?: unknown };
  if (!listOf(vips, isAddress) || !listOf(routes, isIpv4) || !listOf(addresses, isOwned) || !listOf(settings, isSetting)) return undefined;
  if (!listOf(tunnelVips, isAddress) || !listOf(tunnels, isTunnel) || !listOf(ports, isPort)) return undefined;
  return { version: 1, vips, tunnelVips, addresses, routes, settings, tunnels, ports, loopbackWasDown: value['loopbackWasDown'] };
}

/**
 * Reads the script's file: lines `vip A`, `tunnel-vip A`, `address A LABEL` (IPv6: `address A none`; on a tunnel: `address A none DEVICE`),
 * `route A`, `setting PATH PREVIOUS SET`, `tunnel NAME KIND WAS REMOTE CHECKSUM` (`any`, `icsum` or `-`), `port FAMILY PORT`, and
 * `loopback-was-down`.
 */
export function readScriptSaved(text: string): Saved | undefined {
  const saved = {
    vips: [] as string[],
    tunnelVips: [] as string[],
    addresses: [] as SavedAddress[],
    routes: [] as string[],
    settings: [] as SavedSetting[],
    tunnels: [] as SavedTunnel[],
    ports: [] as TunnelPort[],
  };
  let loopbackWasDown = false;
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [word, first, second, third, fourth, fifth] = line.split(' ');
    const owned = { address: first, ...(second === 'none' ? {} : { label: second }), ...(third === undefined ? {} : { interface: third }) };
    const remote = fourth === 'any' ? {} : { remote: fourth };
    const tunnel = { name: first, kind: second, was: third, ...remote, checksum: fifth === 'icsum' };
    const port = { family: first, port: Number(second) };
    const setting = { path: first, previous: second, set: third };
    if (word === 'vip' && isAddress(first)) {
      saved.vips.push(first);
    } else if (word === 'tunnel-vip' && isAddress(first)) {
      saved.tunnelVips.push(first);
    } else if (word === 'tunnel' && fourth !== undefined && isTunnel(tunnel)) {
      saved.tunnels.push(tunnel);
    } else if (word === 'port' && isPort(port)) {
      saved.ports.push(port);
    } else if (word === 'address' && isOwned(owned)) {
      saved.addresses.push(owned);
    } else if (word === 'route' && isIpv4(first)) {
      saved.routes.push(first);
    } else if (word === 'setting' && isSetting(setting)) {
      saved.settings.push(setting);
    } else if (line === 'loopback-was-down') {
      loopbackWasDown = true;
    } else {
      return undefined;
    }
  }
  return { version: 1, ...saved, loopbackWasDown };
}

/** Joins two states. If both have a sysctl, the first one's previous value counts, because it is the older one. */
export function mergeSaved(older: Saved, newer: Saved): Saved {
  const add = <T>(left: readonly T[], right: readonly T[], key: (one: T) => string): T[] => [
    ...left,
    ...right.filter((one) => !left.some((other) => key(other) === key(one))),
  ];
  return {
    version: 1,
    vips: add(older.vips, newer.vips, (one) => one),
    tunnelVips: add(older.tunnelVips, newer.tunnelVips, (one) => one),
    addresses: add(older.addresses, newer.addresses, (one) => `${one.address} ${one.interface ?? ''}`),
    routes: add(older.routes, newer.routes, (one) => one),
    settings: add(older.settings, newer.settings, ({ path }) => path),
    tunnels: add(older.tunnels, newer.tunnels, ({ name }) => name),
    ports: add(older.ports, newer.ports, ({ family, port }) => `${family} ${port}`),
    loopbackWasDown: older.loopbackWasDown || newer.loopbackWasDown,
  };
}
