// bfd_instance: keepalived.conf(5), "BFD CONFIGURATION".
import type { Argument, Keyword } from '../keyword.js';

const INTERVAL_MAX_US = 4294967000;
const milliseconds = (least: number): Argument => ({ kind: 'time', minUs: least * 1000, maxUs: INTERVAL_MAX_US, unit: 'ms' });
const invalid = (what: string, range: string): { readonly invalid: string } => ({
  invalid: `Configuration error: BFD instance %n ${what} not valid (must be in range [${range}]), ignoring`,
});

const bfdKeywords: readonly Keyword[] = [
  { name: 'neighbor_ip', aliases: ['neighbour_ip'], argument: { kind: 'words', min: 1 }, meaning: 'Address of the neighbor; required.' },
  { name: 'source_ip', argument: { kind: 'words', min: 1 }, meaning: 'Local address to send from.' },
  {
    name: 'min_rx',
    argument: milliseconds(1),
    default: '10',
    meaning: 'Shortest interval at which packets are accepted, in ms.',
    messages: invalid('min_rx value %v is', '1-4294967'),
  },
  {
    name: 'min_tx',
    argument: milliseconds(1),
    default: '10',
    meaning: 'Shortest interval at which packets are sent, in ms.',
    messages: invalid('min_tx value %v is', '1-4294967'),
  },
  {
    name: 'idle_tx',
    argument: milliseconds(1000),
    default: '1000',
    meaning: 'Interval while the session is down, in ms.',
    messages: invalid('idle_tx value %v is', '1000-4294967'),
  },
  {
    name: 'multiplier',
    argument: { kind: 'integer', min: 1, max: 255 },
    default: '5',
    meaning: 'Number of missed packets after which the session is down.',
    messages: invalid('multiplier value %v', '1-255'),
  },
  { name: 'passive', argument: { kind: 'flag' }, meaning: 'Wait for the neighbor to start the session.' },
  {
    name: 'ttl',
    aliases: ['hoplimit'],
    argument: { kind: 'integer', min: 1, max: 255 },
    meaning: 'TTL of packets sent (255; IPv6 64).',
    messages: invalid('ttl/hoplimit value %v', '1-255'),
  },
  {
    name: 'max_hops',
    argument: { kind: 'integer', min: -1, max: 255 },
    default: '0',
    meaning: 'Number of routers that a packet may have passed (-1: any number).',
    messages: invalid('max_hops value %v', '-1-255'),
  },
  {
    name: 'multihop',
    argument: { kind: 'boolean' },
    default: 'off',
    meaning: 'Use port 4784 instead of 3784; max_hops limits the number of routers.',
    since: '2.2.8',
    messages: { invalid: 'Configuration error: BFD instance %n multihop setting not valid - %v' },
  },
  {
    name: 'weight',
    argument: { kind: 'words', min: 1 },
    default: '0',
    meaning: 'N [reverse], -253..253: effect of the session on priorities.',
  },
  { name: 'vrrp', argument: { kind: 'flag' }, meaning: 'VRRP receives its events (without vrrp and checker, both do).' },
  { name: 'checker', argument: { kind: 'flag' }, meaning: 'Health checks receive its events.' },
];

export const bfdInstanceKeyword: Keyword = {
  name: 'bfd_instance',
  argument: { kind: 'block', label: 1, keywords: () => bfdKeywords },
  repeated: true,
  meaning: 'A BFD session with a NAME (at most 31 characters).',
};
