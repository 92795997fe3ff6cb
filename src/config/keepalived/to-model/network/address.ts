// One line of virtual_ipaddress, virtual_ipaddress_excluded or static_ipaddress (keepalived.conf(5)).

import { parseAddress } from '../../../../model/address-text.js';
import type { HostAddress } from '../../../../model/keepalived/network.js';
import { nearest } from '../../../../model/nearest.js';
import type { Report } from '../../diagnostics/report.js';
import type { Statement, Word } from '../../keyword.js';
import { UNSIGNED_MAX } from '../../values/number.js';
import { Line, nameTrackGroup } from '../line.js';
import { type NumberNames, readNamed } from './number-names.js';
import { readAddress, readPrefix } from './prefix.js';

/** What reading such a line needs. `trackGroups`: absent for virtual addresses, which do not have the word. */
export interface AddressContext {
  readonly report: Report;
  readonly names: NumberNames;
  readonly trackGroups?: ReadonlySet<string>;
}

type Draft = { -readonly [K in keyof HostAddress]?: HostAddress[K] };

/** An address line being read. */
interface Reading {
  readonly line: Line;
  readonly context: AddressContext;
  readonly draft: Draft;
  readonly address: HostAddress['address'];
  readonly prefixLength: number;
  /** The address as it was written. */
  readonly text: string;
}

/** Reads the value of an option; false: the line is not used. */
type Option = (reading: Reading, value: Word) => boolean;

function broadcast({ line, draft, address, prefixLength, text }: Reading, value: Word): boolean {
  if (address.family === 'inet6') {
    line.report('address-broadcast-ipv6', value.at, { text });
    return false;
  }
  if (value.text === '+' || value.text === '-') {
    if (prefixLength <= 30) draft.broadcast = value.text === '+' ? 'derived' : 'zero';
    else line.report('address-broadcast-prefix', value.at, { prefixLength });
    return true;
  }
  const found = parseAddress(value.text);
  if (found?.family === 'inet') draft.broadcast = found;
  else line.report('address-broadcast-invalid', value.at, { value: value.text });
  return found?.family === 'inet';
}

function peer({ line, draft, address }: Reading, value: Word): boolean {
  const found = readAddress(line, value, 'address-peer-invalid', { word: value.text });
  if (found === undefined) return true;
  if (found.family !== address.family) line.report('address-peer-family', value.at, { value: value.text });
  else Object.assign(draft, { peer: found, peerLength: found.family === 'inet' ? 32 : 128 });
  return true;
}

function label({ line, draft, address, text }: Reading, value: Word): boolean {
  if (address.family === 'inet6') {
    line.report('address-label-ipv6', value.at, { text });
    return true;
  }
  if (value.text.length > 15) {
    line.report('address-label-long', value.at, { value: value.text });
    return false;
  }
  draft.label = value.text;
  return true;
}

function scope({ line, draft, address, text, context }: Reading, value: Word): boolean {
  const number = readNamed(context.names, 'scope', value.text, 255);
  if (address.family === 'inet6') line.report('address-scope-ipv6', value.at, { text });
  else if (number === undefined) line.report('address-scope-invalid', value.at, { value: value.text, text });
  else draft.scope = number;
  return true;
}

function device({ line, draft, text }: Reading, value: Word): boolean {
  if (draft.dev !== undefined) {
    line.report('address-device-twice', value.at, { text });
    return false;
  }
  draft.dev = value.text;
  return true;
}

function lifetime({ line, draft }: Reading, value: Word): boolean {
  if (value.text === 'forever') {
    draft.preferredLifetime = 'forever';
    return true;
  }
  const seconds = line.number(value, { min: 0, max: UNSIGNED_MAX }, 'address-lifetime-invalid', { word: value.text });
  if (seconds !== undefined) draft.preferredLifetime = seconds;
  return true;
}

function trackGroup({ line, draft, context }: Reading, value: Word): boolean {
  nameTrackGroup(line, value, draft, context.trackGroups);
  return true;
}

/** Options with a value, and words without one. keywords/network.ts lists them for the manual. */
export const addressOptions: ReadonlyMap<string, Option> = new Map([
  ['dev', device],
  ['brd', broadcast],
  ['broadcast', broadcast],
  ['peer', peer],
  ['label', label],
  ['scope', scope],
  ['preferred_lft', lifetime],
]);

export const addressFlags: ReadonlyMap<string, HostAddress['flags'][number]> = new Map([
  ['home', 'home'],
  ['-nodad', 'nodad'],
  ['mngtmpaddr', 'mngtmpaddr'],
  ['noprefixroute', 'noprefixroute'],
  ['autojoin', 'autojoin'],
]);

/** Reads a word without a value; true: it was one. */
function readFlag({ draft, context }: Reading, word: string): boolean {
  const flag = addressFlags.get(word);
  const isVirtual = context.trackGroups === undefined;
  if (flag !== undefined) draft.flags = [...(draft.flags ?? []), flag];
  else if (word === 'no_track') draft.noTrack = true;
  else if (word === 'use_vmac' && isVirtual) draft.virtualInterface = { kind: 'vmac' };
  else return false;
  return true;
}

/** Reads all options of the line; false: the line is not used. */
function readOptions(reading: Reading): boolean {
  const { line, context, text } = reading;
  for (let word = line.take(); word !== undefined; word = line.take()) {
    if (readFlag(reading, word.text)) continue;
    const option = word.text === 'track_group' && context.trackGroups !== undefined ? trackGroup : addressOptions.get(word.text);
    if (option === undefined) {
      const near = nearest(word.text, [...addressOptions.keys(), ...addressFlags.keys()]);
      line.report('address-option-unknown', word.at, {
        word: word.text,
        hint: near === undefined ? 'one address a line, then options such as dev, label, scope' : `did you mean '${near}'?`,
      });
      continue;
    }
    const value = line.take();
    if (value === undefined) line.report('address-option-without-value', word.at, { word: word.text, text });
    if (value === undefined || !option(reading, value)) return false;
  }
  return true;
}

/** The address of the line; undefined, and reported, if it cannot be used. */
export function buildAddress(statement: Statement, context: AddressContext): HostAddress | undefined {
  const line = new Line(statement, context.report);
  const first = line.take()!;
  const prefix = readPrefix(line, first);
  if (prefix === undefined) return undefined;
  const draft: Draft = {};
  const { address, length: prefixLength } = prefix;
  if (!readOptions({ line, context, draft, address, prefixLength, text: first.text })) return undefined;
  // An IPv6 address without a prefix length is deprecated immediately, so that the host does not use it as a source address.
  const whole = address.family === 'inet6' && prefixLength === 128;
  return {
    address,
    prefixLength,
    flags: [],
    noTrack: false,
    ...(whole ? { preferredLifetime: 0 } : {}),
    ...draft,
  };
}
