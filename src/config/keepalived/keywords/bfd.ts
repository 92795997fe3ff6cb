// bfd_instance: keepalived.conf(5), "BFD CONFIGURATION".
import type { Argument, Keyword } from '../keyword.js';

const MAX_MS_US = 4294967000;
const milliseconds = (least: number): Argument => ({ kind: 'time', minUs: least * 1000, maxUs: MAX_MS_US, unit: 'ms' });
const invalid = (what: string, range: string): { readonly invalid: string } => ({
  invalid: `Configuration error: BFD instance %n ${what} not valid (must be in range [${range}]), ignoring`,
});

export const bfdKeywords: readonly Keyword[] = [
  { name: 'neighbor_ip', aliases: ['neighbour_ip'], argument: { kind: 'words', min: 1 }, meaning: 'The far end; needed.' },
  { name: 'source_ip', argument: { kind: 'words', min: 1 }, meaning: 'The address to send from.' },
  {
    name: 'min_rx',
    argument: milliseconds(1),
    default: '10',
    meaning: 'The shortest interval at which packets are taken, ms.',
    messages: invalid('min_rx value %v is', '1-4294967'),
  },
  {
    name: 'min_tx',
    argument: milliseconds(1),
    default: '10',
    meaning: 'The shortest interval at which packets are sent, ms.',
    messages: invalid('min_tx value %v is', '1-4294967'),
  },
  {
    name: 'idle_tx',
    argument: milliseconds(1000),
    default: '1000',
    meaning: 'The interval while the session is down, ms.',
    messages: invalid('idle_tx value %v is', '1000-4294967'),
  },
  {
    name: 'multiplier',
    argument: { kind: 'integer', min: 1, max: 255 },
    default: '5',
    meaning: 'Packets that may be missed.',
    messages: invalid('multiplier value %v', '1-255'),
  },
  { name: 'passive', argument: { kind: 'flag' }, meaning: 'Wait for the far end to begin.' },
  {
    name: 'ttl',
    aliases: ['hoplimit'],
    argument: { kind: 'integer', min: 1, max: 255 },
    meaning: 'TTL of what is sent (255; IPv6 64).',
    messages: invalid('ttl/hoplimit value %v', '1-255'),
  },
  {
    name: 'max_hops',
    argument: { kind: 'integer', min: -1, max: 255 },
    default: '0',
    meaning: 'How many routers a packet may have passed (-1: any number).',
    messages: invalid('max_hops value %v', '-1-255'),
  },
  {
    name: 'multihop',
    argument: { kind: 'boolean' },
    default: 'off',
    meaning: 'Port 4784 instead of 3784; max_hops says how many routers there may be.',
    since: '2.2.8',
    messages: { invalid: 'Configuration error: BFD instance %n multihop setting not valid - %v' },
  },
  {
    name: 'weight',
    argument: { kind: 'words', min: 1 },
    default: '0',
    meaning: 'N [reverse], -253..253: what a session up or down does to priorities.',
  },
  { name: 'vrrp', argument: { kind: 'flag' }, meaning: 'VRRP gets its events (without vrrp and checker: both do).' },
  { name: 'checker', argument: { kind: 'flag' }, meaning: 'Checkers get its events.' },
];

export const bfdInstanceKeyword: Keyword = {
  name: 'bfd_instance',
  argument: { kind: 'block', label: 1, keywords: () => bfdKeywords },
  repeated: true,
  meaning: 'A BFD session by NAME (31 characters at most).',
};
