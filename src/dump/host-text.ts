// One line each for addresses, routes, rules and scripts, as keepalived.data and .json have them. Pure.
import type { Address } from '../model/address.js';
import { formatAddress } from '../model/address-text.js';
import type { HostAddress, HostRoute, HostRule, NextHop, Prefix, RouteEncap } from '../model/keepalived/network.js';
import type { Script } from '../model/keepalived/script.js';

const SCOPES: Readonly<Record<number, string>> = { 0: 'global', 200: 'site', 253: 'link', 254: 'host', 255: 'nowhere' };

const bitsOf = ({ family }: Address): number => (family === 'inet' ? 32 : 128);

/** `10.0.0.0/8`; a host address has no length. */
function prefixed(address: Address, length: number): string {
  const text = formatAddress(address);
  return length === bitsOf(address) ? text : `${text}/${length}`;
}

const prefixText = ({ address, length }: Prefix): string => prefixed(address, length);

/** The broadcast address, also where it is configured as `brd +` or `brd -`; none for a network without one. */
function broadcast({ address, prefixLength, broadcast: given }: HostAddress): string {
  if (given === undefined) return '';
  if (typeof given !== 'string') return ` brd ${formatAddress(given)}`;
  if (prefixLength > 30) return '';
  const host = prefixLength === 0 ? 0xffffffff : 0xffffffff >>> prefixLength;
  const own = address.words[0] ?? 0;
  return ` brd ${formatAddress({ family: 'inet', words: [given === 'derived' ? (own | host) >>> 0 : (own & ~host) >>> 0] })}`;
}

function lifetime({ address, prefixLength, preferredLifetime }: HostAddress): string {
  if (address.family === 'inet') return '';
  const value = preferredLifetime ?? (prefixLength === 128 ? 0 : 'forever');
  return value === 0 ? ' deprecated' : ` preferred_lft ${value}`;
}

/** Static objects may belong to a track group. */
const groupText = ({ trackGroup }: { readonly trackGroup?: string }): string =>
  trackGroup === undefined ? '' : ` track_group ${trackGroup}`;

/** `device`: its interface; `parent`: the one below a VMAC; `set`: it is on the host; `dropped`: a firewall rule drops its packets. */
export function addressText(
  value: HostAddress,
  device: string | undefined,
  now: { readonly set: boolean; readonly dropped?: boolean } = { set: false },
): string {
  const { address, prefixLength, scope = 0, label, peer, flags, noTrack, virtualInterface } = value;
  return [
    prefixed(address, prefixLength),
    broadcast(value),
    ` dev ${device ?? '(null)@NOWHERE'}`,
    virtualInterface === undefined ? '' : ' use_vmac',
    ` scope ${SCOPES[scope] ?? scope}`,
    label === undefined ? '' : ` label ${label}`,
    ...flags.map((flag) => ` ${flag}`),
    noTrack ? ' no_track' : '',
    groupText(value),
    peer === undefined ? '' : ` peer ${formatAddress(peer)}/${value.peerLength ?? bitsOf(peer)}`,
    lifetime(value),
    now.set ? ' set' : '',
    now.dropped === true ? ' nftable_set' : '',
  ].join('');
}

/** Labels as in the header, in hexadecimal; a locator in this machine's byte order. */
function encapText(encap: RouteEncap | undefined): string {
  if (encap === undefined) return '';
  if (encap.kind === 'mpls') {
    const entries = encap.labels.map((label, index) => ((label << 12) | (index === encap.labels.length - 1 ? 0x100 : 0)) >>> 0);
    return ` encap mpls ${entries.map((entry) => entry.toString(16)).join('/')}`;
  }
  if (encap.kind === 'ila') {
    const value = encap.locator.reduceRight((sum, word) => (sum << 16n) | BigInt(((word & 0xff) << 8) | (word >> 8)), 0n);
    return ` encap ila ${value}`;
  }
  const { kind, id, destination, source, tos, ttl, flags } = encap;
  const six = kind === 'ip6';
  return [
    ` encap ${kind}`,
    id === undefined ? '' : ` id ${id}`,
    destination === undefined ? '' : ` dst ${formatAddress(destination)}`,
    source === undefined ? '' : ` src ${formatAddress(source)}`,
    tos === undefined ? '' : ` ${six ? 'tc' : 'tos'} ${tos}`,
    ttl === undefined ? '' : ` ${six ? 'hoplimit' : 'ttl'} ${ttl}`,
    flags === undefined ? '' : ` flags 0x${flags.toString(16)}`,
  ].join('');
}

const nextHopText = ({ via, dev, weight, onlink, realms: realm, encap }: NextHop): string =>
  [
    ` nexthop${hop({ ...(via === undefined ? {} : { via }), ...(dev === undefined ? {} : { dev }), onlink: false })}`,
    weight > 1 ? ` weight ${weight}` : '',
    onlink ? ' onlink' : '',
    realm === undefined ? '' : realms(realm),
    encapText(encap),
  ].join('');

const hop = ({ via, dev, onlink }: Pick<NextHop, 'via' | 'dev' | 'onlink'>): string =>
  [
    via === undefined ? '' : ` via ${via.family} ${formatAddress(via)}`,
    dev === undefined ? '' : ` dev ${dev}`,
    onlink ? ' onlink' : '',
  ].join('');

function realms(value: number): string {
  const from = value >>> 16;
  return from === 0 ? ` realm ${value & 0xffff}` : ` realms ${from}/${value & 0xffff}`;
}

/** Metrics that are times: shown in seconds where they are whole seconds. */
const MILLISECONDS = new Set(['rtt', 'rttvar', 'rto_min']);
function metricText({ name, value, lock }: HostRoute['metrics'][number]): string {
  if (name === 'features') return ' features ecn';
  const ms = value % 1000 === 0 && value > 0 ? `${value / 1000}s` : `${value}ms`;
  return ` ${name} ${lock ? 'lock ' : ''}${MILLISECONDS.has(name) ? ms : value}`;
}

export function routeText(route: HostRoute): string {
  const { type, to, source, from, tos, via, dev, table, protocol, scope, metric, onlink, expires, pref } = route;
  const { congestionControl: control } = route;
  const untracked = route.noTrack || (dev === undefined && via === undefined) || dev === undefined;
  return [
    route.insert,
    type === 'unicast' ? '' : ` ${type}`,
    ` ${prefixText(to)}`,
    source === undefined ? '' : ` src ${formatAddress(source)}`,
    from === undefined ? '' : ` from ${prefixText(from)}`,
    tos === undefined ? '' : ` tos ${tos}`,
    encapText(route.encap),
    hop({ ...(via === undefined ? {} : { via }), ...(dev === undefined ? {} : { dev }), onlink: false }),
    table === undefined ? '' : ` table ${table}`,
    route.vrf === undefined ? '' : ` vrf ${route.vrf}`,
    protocol === undefined ? (route.noTrack ? '' : ' proto 18') : ` proto ${protocol}`,
    scope === undefined ? '' : ` scope ${scope}`,
    metric === undefined ? '' : ` metric ${metric}`,
    onlink ? ' onlink' : '',
    route.realms === undefined ? '' : realms(route.realms),
    ...route.metrics.map(metricText),
    control === undefined ? '' : ` congctl ${control.name}${control.lock ? ' lock' : ''}`,
    pref === undefined ? '' : ` pref ${pref}`,
    expires === undefined ? '' : ` expires ${expires}sec`,
    route.ttlPropagate === undefined ? '' : ` ttl-propagate ${route.ttlPropagate ? 'en' : 'dis'}abled`,
    ...route.nextHops.map(nextHopText),
    untracked ? ' no_track' : '',
    groupText(route),
  ].join('');
}

function actionText(action: HostRule['action']): string {
  switch (action.kind) {
    case 'table':
      return ` lookup ${action.table}`;
    case 'goto':
      return ` goto ${action.preference}`;
    case 'nop':
      return ' nop';
    default:
      return ` type ${action.kind}`;
  }
}

const rangeText = (name: string, range: { readonly from: number; readonly to: number } | undefined): string =>
  range === undefined ? '' : ` ${name} ${range.from}-${range.to}`;
const hex = (value: number): string => `0x${value.toString(16)}`;

export function ruleText(rule: HostRule): string {
  const { from, to, preference, tos = 0, iif, oif, fwmark } = rule;
  return [
    rule.not ? 'not ' : '',
    `from ${from === undefined ? 'all' : prefixText(from)}`,
    to === undefined ? '' : ` to ${prefixText(to)}`,
    ` priority ${preference ?? 16384}`,
    ` tos ${hex(tos)}`,
    fwmark === undefined ? '' : ` fwmark ${hex(fwmark.mark)}${fwmark.mask === undefined ? '' : `/${hex(fwmark.mask)}`}`,
    iif === undefined ? '' : ` iif ${iif}`,
    oif === undefined ? '' : ` oif ${oif}`,
    rule.suppressPrefixLength === undefined ? '' : ` suppress_prefixlen ${rule.suppressPrefixLength}`,
    rule.suppressGroup === undefined ? '' : ` suppress_ifgroup ${rule.suppressGroup}`,
    rule.tunnelId === undefined ? '' : ` tunnel-id ${rule.tunnelId}`,
    rangeText('uidrange', rule.uidRange),
    rule.l3mdev ? ' l3mdev' : '',
    rule.protocol === undefined ? (rule.noTrack ? '' : ' protocol 18') : ` protocol ${rule.protocol}`,
    rule.ipProtocol === undefined ? '' : ` ipproto ${rule.ipProtocol}`,
    rangeText('sport', rule.sourcePort),
    rangeText('dport', rule.destinationPort),
    rule.realms === undefined ? '' : realms(rule.realms),
    actionText(rule.action),
    rule.noTrack ? ' no_track' : '',
    groupText(rule),
  ].join('');
}

/** `'/usr/bin/true' 'a b'` */
export function scriptText({ argv }: Script): string {
  return argv.map((word) => `'${word}'`).join(' ');
}
