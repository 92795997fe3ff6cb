// The settings that decided about a packet: sysctls, and options of its service.
import type { Reason } from '../../datapath/memory/packets/reason.js';
import type { ServiceRecord } from '../../datapath/memory/packets/records.js';
import { schedulerFlags } from '../../model/schedulers.js';
import type { Described } from './described.js';
import { lastOf } from './events.js';
import type { Setting } from './explanation.js';

/** Of each reason: the keys of net.ipv4.vs that it comes from, and what they do. */
const OF_REASON: Readonly<Partial<Record<Reason, readonly (readonly [string, string])[]>>> = {
  no_connection: [
    ['sloppy_tcp', 'other packets of TCP than a SYN begin a connection where it is 1'],
    ['sloppy_sctp', 'other packets of SCTP than an INIT begin a connection where it is 1'],
  ],
  dead_destination: [['expire_nodest_conn', 'where it is 1 the packet begins another connection']],
  no_destination: [['cache_bypass', 'where it is 1 a packet with a mark goes on to its own address']],
  drop_packet: [
    ['drop_packet', 'the mode of the defence'],
    ['amemthresh', 'below so much free room it works'],
  ],
  nat_icmp_send: [['nat_icmp_send', 'the server gets an ICMP error']],
};

/** `net.ipv4.vs.` in front. */
function sysctl({ sysctls }: Described, name: string, effect: string): Setting {
  return { name: `net.ipv4.vs.${name}`, value: sysctls.get(name) ?? '', effect };
}

function ofConnection(described: Described): readonly Setting[] {
  const event = lastOf(described.found.events, 'connection');
  if (event?.use === 'replaced')
    return [
      sysctl(described, 'conn_reuse_mode', 'a first packet on a connection that has ended begins another one'),
      sysctl(described, 'expire_nodest_conn', 'where it is 1, also where the weight of the destination is 0'),
    ];
  return event?.use === 'destination removed'
    ? [sysctl(described, 'expire_nodest_conn', 'where it is 1 the packet begins another connection')]
    : [];
}

function ofService({ persistence, onePacket, mark, schedule }: ServiceRecord, flags: readonly string[]): readonly Setting[] {
  return [
    ...(persistence === undefined
      ? []
      : [{ name: '-p', value: String(persistence.timeout), effect: 'the seconds for which the connections of a client go to one server' }]),
    ...(onePacket ? [{ name: '-o', value: '', effect: 'each datagram is scheduled by itself' }] : []),
    ...(mark === 0 ? [] : [{ name: '-f', value: String(mark), effect: 'the mark decides, not the address' }]),
    ...(flags.length === 0 ? [] : [{ name: '-b', value: flags.join(','), effect: `flags of ${schedule?.scheduler ?? ''}` }]),
  ];
}

const PACKET_FILTER: Setting = {
  name: 'weir load --firewall',
  value: '',
  effect: 'new connections pass the packet filter of this host before they are balanced (weir status)',
};

const FLAGS_MAX = 3;

/** The names of the flags (-b) that are set. */
function flagsOf({ schedule }: ServiceRecord): readonly string[] {
  const set = schedule?.flags ?? 0;
  const names = schedulerFlags(schedule?.scheduler ?? '');
  return Array.from({ length: FLAGS_MAX }, (_, bit) => bit)
    .filter((bit) => (set & (1 << bit)) !== 0)
    .map((bit) => names[bit] ?? `flag-${bit + 1}`);
}

/** A packet that the grace period after a takeover drops. */
function ofGrace({ grace, found }: Described): readonly Setting[] {
  if (!found.reasons.includes('grace') || grace === undefined) return [];
  const { seconds, left } = grace;
  const effect = `a takeover was ${Math.max(0, seconds - left).toFixed(1)} s ago: for ${left.toFixed(1)} s more such packets are dropped`;
  return [{ name: 'weir sync grace', value: String(seconds), effect }];
}

export function settingsOf(described: Described): readonly Setting[] {
  const { found, device, reversePath, forwardingOff } = described;
  const service = lastOf(found.events, 'service')?.service;
  const isPast = lastOf(found.events, 'begun')?.connection.method === 'bypass';
  const byReason = found.reasons.flatMap((reason) => (OF_REASON[reason] ?? []).map(([name, effect]) => sysctl(described, name, effect)));
  const led = lastOf(found.events, 'template');
  return [
    ...(service === undefined ? [] : ofService(service, flagsOf(service))),
    ...ofConnection(described),
    ...(led === undefined ? [] : [sysctl(described, 'expire_quiescent_template', 'where it is 1 a template does not lead to weight 0')]),
    ...byReason,
    ...ofGrace(described),
    ...(isPast ? [sysctl(described, 'cache_bypass', 'a packet with a mark goes on to its own address where no server is left')] : []),
    ...(described.accepted === undefined ? [] : [PACKET_FILTER]),
    ...(found.reasons.includes('reverse_path')
      ? [{ name: `net.ipv4.conf.${device}.rp_filter`, value: String(reversePath), effect: 'the larger value of it and that of all counts' }]
      : []),
    ...(forwardingOff !== undefined && found.reasons.includes('no_route')
      ? [{ name: forwardingOff, value: '0', effect: 'the kernel names no next hop for packets that come in there' }]
      : []),
  ];
}
