// What `start` saves so that `stop` can undo exactly that: written before any change, removed after the last one.
//
// There are two writers: weir itself (JSON), and the self-contained script (lines that sh can read and write). This file reads both.

import { parseAddress, parseIpv4 } from '../../model/address-text.js';
import { isRecord } from '../../model/json.js';

export interface SavedSetting {
  /** Path below /proc/sys. */
  readonly path: string;
  readonly previous: string;
  /** What start wrote; a value that is neither this nor `previous` was changed by someone else and is left alone. */
  readonly set: string;
}

/** Addresses are text here: this is a file's shape. */
export interface Saved {
  readonly version: 1;
  /** All VIPs asked for, also those that were on lo before us. */
  readonly vips: readonly string[];
  /** Addresses that weir added, with their labels (IPv4). */
  readonly addresses: readonly { readonly address: string; readonly label?: string }[];
  readonly routes: readonly string[];
  readonly settings: readonly SavedSetting[];
  readonly loopbackWasDown: boolean;
}

export const NOTHING_SAVED: Saved = { version: 1, vips: [], addresses: [], routes: [], settings: [], loopbackWasDown: false };

export function writeSaved(saved: Saved): string {
  return `${JSON.stringify(saved, null, 2)}\n`;
}

/** A sysctl path must stay below net/ipv4/conf: a state file is never a way to write elsewhere. */
const isSettingPath = (path: unknown): path is string =>
  typeof path === 'string' && /^net\/ipv4\/conf\/[^/\s]+\/arp_(ignore|announce)$/.test(path) && !path.includes('/../');
const isAddress = (text: unknown): text is string => typeof text === 'string' && parseAddress(text) !== undefined;
const isIpv4 = (text: unknown): text is string => typeof text === 'string' && parseIpv4(text) !== undefined;
const isNumber = (text: unknown): text is string => typeof text === 'string' && /^-?[0-9]{1,10}$/.test(text);
const isLabel = (text: unknown): text is string => typeof text === 'string' && /^lo:[0-9]{1,10}$/.test(text);
const listOf = <T>(value: unknown, is: (one: unknown) => one is T): value is T[] => Array.isArray(value) && value.every(is);
const isOwned = (one: unknown): one is Saved['addresses'][number] =>
  isRecord(one) && isAddress(one['address']) && (isIpv4(one['address']) ? isLabel(one['label']) : one['label'] === undefined);
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
  if (!listOf(vips, isAddress) || !listOf(routes, isIpv4) || !listOf(addresses, isOwned) || !listOf(settings, isSetting)) {
    return undefined;
  }
  return { version: 1, vips, addresses, routes, settings, loopbackWasDown: value['loopbackWasDown'] };
}

/** Reads the script's file: lines `vip A`, `address A LABEL` (IPv6: `address A none`), `route A`, `setting PATH PREVIOUS SET`, `loopback-was-down`. */
export function readScriptSaved(text: string): Saved | undefined {
  const saved = {
    vips: [] as string[],
    addresses: [] as Saved['addresses'][number][],
    routes: [] as string[],
    settings: [] as SavedSetting[],
  };
  let loopbackWasDown = false;
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [word, first, second, third] = line.split(' ');
    const owned = { address: first, ...(second === 'none' ? {} : { label: second }) };
    const setting = { path: first, previous: second, set: third };
    if (word === 'vip' && isAddress(first)) {
      saved.vips.push(first);
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
    addresses: add(older.addresses, newer.addresses, ({ address }) => address),
    routes: add(older.routes, newer.routes, (one) => one),
    settings: add(older.settings, newer.settings, ({ path }) => path),
    loopbackWasDown: older.loopbackWasDown || newer.loopbackWasDown,
  };
}
