// Cases of src/config/keepalived/lint/lint.test.ts: files of two nodes.
import type { LintCase } from './lint-case.js';

/** One instance on each node; `a` and `b` are additional lines, and a `KEY value` replaces the usual line of that keyword. */
function node(own = '', vips = '10.0.0.100', more = ''): string {
  const lines = ['state BACKUP', 'interface eth0', 'virtual_router_id 51', 'priority 100', 'advert_int 1'];
  const given = own.split('\n').filter((line) => line.trim() !== '');
  const kept = lines.filter((line) => !given.some((one) => one.trim().split(' ')[0] === line.split(' ')[0]));
  return `vrrp_instance V1 {\n${[...kept, ...given].join('\n')}\nvirtual_ipaddress {\n${vips}\n}\n}\n${more}`;
}

const pair = (a: string, b: string): readonly string[] => [node(a), node(`priority 90\n${b}`)];
const GOOD = pair('', '');

const withServer = (vip: string, servers: readonly string[]): string =>
  `virtual_server ${vip} 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n${servers.map((one) => `real_server ${one} 80 {\nTCP_CHECK {\n}\n}`).join('\n')}\n}\n`;

const two = (a: string, b: string, name = 'V2'): string =>
  `vrrp_instance V1 {\ninterface eth0\nvirtual_router_id 51\n${a}\nvirtual_ipaddress {\n10.0.0.100\n}\n}\nvrrp_instance ${name} {\ninterface eth1\nvirtual_router_id 52\n${b}\nvirtual_ipaddress {\n10.1.0.100\n}\n}\nvrrp_sync_group G {\ngroup {\nV1\n${name}\n}\n}\n`;

const SCRIPT = 'vrrp_script s {\nscript "/bin/true"\nweight -20\n}\n';
const tracked = (own: string): string => `${SCRIPT}${node(`${own}\ntrack_script {\ns\n}`)}`;

const hmac = (mode: string, key: string): string => `auth_hmac {\nkey 1 ${key.repeat(32)}\nactive_key 1\nmode ${mode}\n}`;
const pass = (password: string): string => `authentication {\nauth_type PASS\nauth_pass ${password}\n}`;
const unicast = (source: string, ...peers: readonly string[]): string => `unicast_src_ip ${source}\nunicast_peer {\n${peers.join('\n')}\n}`;

const session = (neighbour: string, source: string, own = ''): string =>
  `bfd_instance s {\nneighbor_ip ${neighbour}\nsource_ip ${source}\n${own}\n}\n`;
const sessions = (a: string, b: string): readonly string[] => [
  `${session('10.0.0.2', '10.0.0.1', a)}${node()}`,
  `${session('10.0.0.1', '10.0.0.2', b)}${node('priority 90')}`,
];
const tracks = (neighbour: string, tracked: string): readonly string[] => [
  `${session(neighbour, '10.0.0.1')}${node(`track_bfd {\n${tracked}\n}`)}`,
  `${session('10.0.0.9', '10.0.0.2')}${node('priority 90')}`,
];

export const PAIR_CASES: readonly LintCase[] = [
  {
    code: 'router-id-on-both-nodes',
    bad: pair('', '').map((text) => `global_defs {\nrouter_id lvs\n}\n${text}`),
    good: pair('', '').map((text, index) => `global_defs {\nrouter_id lvs${index}\n}\n${text}`),
    line: 2,
  },
  { code: 'bfd-with-peer', bad: tracks('10.0.0.2', 's'), good: tracks('10.0.0.9', 's'), line: 12 },
  { code: 'bfd-with-peer', bad: tracks('10.0.0.2', 's'), good: tracks('10.0.0.2', 's weight -20') },
  {
    code: 'bfd-with-peer',
    bad: [`${session('10.0.0.2', '10.0.0.1')}${node(`${unicast('10.0.0.1', '10.0.0.2')}\ntrack_bfd {\ns\n}`)}`],
    good: [`${session('10.0.0.3', '10.0.0.1')}${node(`${unicast('10.0.0.1', '10.0.0.2')}\ntrack_bfd {\ns\n}`)}`],
  },
  { code: 'bfd-never-up', bad: sessions('passive', 'passive'), good: sessions('passive', ''), line: 1 },
  { code: 'bfd-never-up', bad: sessions('multihop', ''), good: sessions('multihop', 'multihop') },
  { code: 'bfd-never-up', bad: sessions('ttl 200', ''), good: sessions('ttl 200', 'max_hops 55') },
  { code: 'bfd-never-up', bad: sessions('', 'ttl 1\nmax_hops 0'), good: sessions('max_hops -1', 'ttl 1\nmax_hops 0') },
  { code: 'bfd-ttl-below-255', bad: [session('fd00::2', 'fd00::1')], good: [session('fd00::2', 'fd00::1', 'ttl 255')], line: 1 },
  { code: 'bfd-ttl-below-255', bad: sessions('ttl 200', ''), good: sessions('ttl 200\nmultihop', 'multihop') },
  { code: 'vip-lists-differ', bad: [node(), node('priority 90', '10.0.0.100\n10.0.0.101')], good: GOOD, line: 7 },
  {
    code: 'vip-lists-split',
    bad: [node('address_mismatch drop'), node('priority 90', '10.0.0.100\n10.0.0.101')],
    good: pair('address_mismatch drop', ''),
  },
  { code: 'versions-differ', bad: pair('version 3', 'version 2'), good: pair('version 3', 'version 3'), line: 7 },
  { code: 'checksums-differ', bad: pair('version 3\nv3_checksum_as_v2', 'version 3'), good: pair('version 3', 'version 3') },
  { code: 'authentication-differs', bad: pair(pass('1111'), pass('2222')), good: pair(pass('1111'), pass('1111')), line: 7 },
  {
    code: 'authentication-differs',
    bad: pair(hmac('enforce', 'a'), hmac('permissive', 'b')),
    good: pair(hmac('enforce', 'a'), hmac('permissive', 'a')),
  },
  {
    code: 'authentication-differs',
    bad: pair(hmac('enforce', 'a'), hmac('permissive', 'b')),
    good: pair(hmac('enforce', 'a'), hmac('permissive', 'a')),
  },
  {
    code: 'authentication-differs',
    bad: pair(hmac('enforce', 'a'), hmac('receive-only', 'a')),
    good: pair('', hmac('receive-only', 'a')),
  },
  {
    code: 'authentication-differs',
    bad: pair(hmac('permissive', 'a'), ''),
    good: pair(hmac('permissive', 'a'), hmac('receive-only', 'a')),
  },
  { code: 'authentication-differs', bad: pair(pass('1111'), ''), good: pair(pass('12345678x'), pass('12345678')) },
  { code: 'intervals-differ', bad: pair('advert_int 1', 'advert_int 2'), good: pair('advert_int 2', 'advert_int 2') },
  {
    code: 'intervals-differ-v3',
    bad: pair('version 3\nadvert_int 1', 'version 3\nadvert_int 0.5'),
    good: pair('version 3\nadvert_int 0.5', 'version 3\nadvert_int 0.5'),
  },
  {
    code: 'fast-mode-on-one-node',
    bad: pair('version 3\nfast_advert_int 0.005', 'version 3'),
    good: pair('version 3\nfast_advert_int 0.005', 'version 3\nfast_advert_int 0.005'),
  },
  {
    code: 'unicast-and-multicast',
    bad: pair(unicast('10.0.0.1', '10.0.0.2'), ''),
    good: pair(unicast('10.0.0.1', '10.0.0.2'), unicast('10.0.0.2', '10.0.0.1')),
    line: 8,
  },
  { code: 'multicast-groups-differ', bad: pair('mcast_dst_ip 224.0.0.99', ''), good: pair('mcast_dst_ip 224.0.0.18', '') },
  {
    code: 'same-source-address',
    bad: pair(unicast('10.0.0.1', '10.0.0.2'), unicast('10.0.0.1', '10.0.0.2')),
    good: pair(unicast('10.0.0.1', '10.0.0.2'), unicast('10.0.0.2', '10.0.0.1')),
  },
  {
    code: 'unicast-peer-missing',
    bad: pair(unicast('10.0.0.1', '10.0.0.2'), unicast('10.0.0.2', '10.0.0.3')),
    good: pair(unicast('10.0.0.1', '10.0.0.2', '10.0.0.3'), unicast('10.0.0.2', '10.0.0.1')),
  },
  {
    code: 'unicast-peer-is-self',
    bad: pair(unicast('10.0.0.1', '10.0.0.1', '10.0.0.2'), unicast('10.0.0.2', '10.0.0.1')),
    good: pair(unicast('10.0.0.1', '10.0.0.2'), unicast('10.0.0.2', '10.0.0.1')),
  },
  {
    code: 'heartbeat-on-one-node',
    bad: pair('heartbeat {\neth1 10.9.0.2\n}', ''),
    good: pair('heartbeat {\neth1 10.9.0.2\n}', 'heartbeat {\neth1 10.9.0.1\n}'),
  },
  { code: 'equal-priorities', bad: [node(), node()], good: GOOD },
  {
    code: 'two-owners',
    bad: pair('priority 255', 'priority 255').map((text) => text.replace('priority 90\n', '')),
    good: pair('priority 255', ''),
  },
  { code: 'both-start-as-master', bad: pair('state MASTER', 'state MASTER'), good: pair('state MASTER', '') },
  { code: 'nopreempt-on-one-node', bad: pair('', 'nopreempt'), good: pair('nopreempt', '') },
  {
    code: 'sync-group-oscillates',
    bad: [two('priority 100', 'priority 90'), two('priority 90', 'priority 100')],
    good: [two('priority 100', 'priority 100'), two('priority 90', 'priority 90')],
  },
  {
    code: 'sync-group-oscillates',
    bad: [two('mcast_src_ip 10.0.0.1', 'mcast_src_ip 10.1.0.2'), two('mcast_src_ip 10.0.0.2', 'mcast_src_ip 10.1.0.1')],
    good: [two('mcast_src_ip 10.0.0.1', 'mcast_src_ip 10.1.0.1'), two('mcast_src_ip 10.0.0.2', 'mcast_src_ip 10.1.0.2')],
  },
  { code: 'sync-group-tie', bad: [two('', ''), two('priority 90', '')], good: [two('', ''), two('priority 90', 'priority 90')] },
  {
    code: 'sync-group-tie',
    bad: [two('', ''), two('', '')],
    good: [two('mcast_src_ip 10.0.0.1', 'mcast_src_ip 10.1.0.1'), two('mcast_src_ip 10.0.0.2', 'mcast_src_ip 10.1.0.2')],
  },
  {
    code: 'track-weight-too-small',
    bad: [tracked('priority 150'), node('priority 90')],
    good: [tracked('priority 100'), node('priority 90')],
  },
  {
    code: 'track-weight-swaps-back',
    bad: [node('priority 100'), tracked('priority 90').replace('weight -20', 'weight 20')],
    good: [tracked('priority 100').replace('weight -20', 'weight 20'), tracked('priority 90').replace('weight -20', 'weight 20')],
  },
  {
    code: 'nopreempt-with-weights',
    bad: [tracked('priority 100'), node('priority 90\nnopreempt')],
    good: [tracked('priority 100\nnopreempt'), node('priority 90')],
  },
  {
    code: 'state-against-priority',
    bad: [node('priority 80'), node('state MASTER\npriority 70')],
    good: pair('state MASTER', ''),
  },
  {
    code: 'two-pairs-on-one-vrid',
    bad: [node(), node('priority 90', '10.0.0.200').replace('V1', 'OTHER')],
    good: [node(), node('priority 90\nvirtual_router_id 52', '10.0.0.200').replace('V1', 'OTHER')],
  },
  {
    code: 'vrid-used-by-other-pair',
    bad: [node(), node('priority 90', '10.9.9.200').replace('V1', 'OTHER')],
    good: [node(), node('priority 90\nmcast_dst_ip 224.0.0.99', '10.9.9.200').replace('V1', 'OTHER')],
  },
  { code: 'vrids-differ', bad: pair('virtual_router_id 51', 'virtual_router_id 52'), good: GOOD },
  {
    code: 'virtual-servers-differ',
    bad: [
      node('', '10.0.0.100', withServer('10.0.0.100', ['10.0.1.1'])),
      node('priority 90', '10.0.0.100', withServer('10.0.0.100', ['10.0.1.2'])),
    ],
    good: [
      node('', '10.0.0.100', withServer('10.0.0.100', ['10.0.1.1'])),
      node('priority 90', '10.0.0.100', withServer('10.0.0.100', ['10.0.1.1'])),
    ],
  },
  {
    code: 'virtual-servers-differ',
    bad: [node('', '10.0.0.100', withServer('10.0.0.100', ['10.0.1.1'])), node('priority 90')],
    good: [
      node('', '10.0.0.100', withServer('10.0.0.100', ['10.0.1.1', '10.0.1.2'])),
      node('priority 90', '10.0.0.100', withServer('10.0.0.100', ['10.0.1.2', '10.0.1.1'])),
    ],
  },
];
