// Services of firewall marks in a cluster of either family: what their tests share, and that connections go on without the marks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { type Cluster, ipvsadm, ok, running, serving, servingDirect, until } from './cluster.js';
import { CLUSTER4, CLUSTER6, type ClusterFamily } from './cluster-families.js';
import { VIP6 } from './cluster6.js';
import { station } from './live-child.js';
import { associated, PORT, servingSctp } from './sctp-cluster.js';

export const skip = noNamespaces() || noTools('iptables', 'ip6tables', 'nft');

const MAIN_RULE = '32766: from all lookup main';
const FAR_RULES = ['0: from all iif weir1 lookup local', '0: from all iif weir1 lookup main'];

export interface Family extends ClusterFamily {
  readonly iptables: 'iptables' | 'ip6tables';
  /** What the kernel has without weir, and what weir puts before the marks. */
  readonly kernelRules: readonly string[];
  readonly pastRules: readonly string[];
  readonly maskInProc: string;
  /** In listings: the mark 3 in an address's place, and behind the mark of a service. */
  readonly markAddress: string;
  readonly listed: string;
  servingDirect(cluster: Cluster, host: Host): Promise<string>;
}

export const FOUR: Family = {
  ...CLUSTER4,
  iptables: 'iptables',
  kernelRules: ['0: from all lookup local', MAIN_RULE, '32767: from all lookup default'],
  pastRules: FAR_RULES,
  maskInProc: 'FFFFFFFF',
  markAddress: '0.0.0.3',
  listed: '',
  servingDirect: async (cluster, host) => {
    await servingDirect(cluster, host, '10.8.1.12');
    return '10.8.1.12';
  },
};

export const SIX: Family = {
  ...CLUSTER6,
  iptables: 'ip6tables',
  kernelRules: ['0: from all lookup local', MAIN_RULE],
  pastRules: ['0: from all ipproto ipv6-icmp lookup local', ...FAR_RULES],
  maskInProc: '80000000',
  markAddress: '0:3::',
  listed: ' IPv6',
  servingDirect: async (cluster, host) => {
    cluster.bed.cable(host, 'eth1', cluster.front, '10.8.1.12/24');
    host.ip('addr add fd00:8:1::12/64 dev eth1 nodad');
    host.ip(`addr add ${VIP6}/128 dev lo nodad`);
    cluster.bed.undo(() => host.ip(`addr del ${VIP6}/128 dev lo`));
    await serving(cluster, host, 80, VIP6);
    return 'fd00:8:1::12';
  },
};

export const shell = (host: Host, line: string): string => ok(host.run(['sh', '-c', line]));

/** A mark for each protocol and port of the VIP, on the director. */
export function iptablesMarks(
  { bed, lvs: host }: Cluster,
  { iptables, vip }: Family,
  marks: readonly (readonly [protocol: string, port: number, mark: number])[],
): void {
  bed.undo(() => shell(host, `${iptables} -t mangle -F`));
  for (const [protocol, port, mark] of marks)
    for (const chain of ['PREROUTING', 'OUTPUT'])
      shell(host, `${iptables} -t mangle -A ${chain} -d ${vip} -p ${protocol} --dport ${port} -j MARK --set-mark ${mark}`);
}

/** By TCP and SCTP. */
export function testConnectionsGoOn(family: Family, inside: ClusterFamily['inCluster']): void {
  const { name, option, vip, at, iptables } = family;
  const server = at(family.server(1), 0);
  test(`${name}: connections go on without the marks, through another size of the table`, { skip }, async () => {
    await inside(async (cluster) => {
      const { bed, client, lvs, web1 } = cluster;
      await web1.serve(bed, station('echo', 80, family.any));
      const lines = await servingSctp(cluster, web1, PORT);
      const associates = (): void => {
        for (const chain of ['PREROUTING', 'OUTPUT'])
          shell(lvs, `${iptables} -t mangle -A ${chain} -d ${vip} -p sctp -j MARK --set-mark 9`);
        assert.deepEqual(associated(client, 1, { vip, own: family.client }), ['web1']);
      };
      iptablesMarks(cluster, family, [['tcp', 80, 9]]);
      ipvsadm(lvs, `-A -f 9${option} -s rr`, `-a -f 9${option} -r ${server} -m`);
      const explained = ok(lvs.weir(`explain --from ${at(family.client, 5)} --to ${at(vip, 80)} --mark 9`));
      assert.match(explained, name === 'IPv4' ? /service +FWM 9 rr/ : /service +FWM 9 IPv6 rr/);
      associates();
      const talk = running(bed, client, station('talk', vip, 80, 4));
      await until(
        () => talk.lines,
        (seen) => seen[0] === 'begun',
      );
      shell(lvs, `${iptables} -t mangle -F`);
      ipvsadm(lvs, `-E -f 9${option} -s wlc -p 60`, `-e -f 9${option} -r ${server} -m -w 0`);
      assert.match(ok(lvs.weir('load --connections 100000')), /room for 131072 connections/);
      ipvsadm(lvs, `-A -t ${at(vip, 80)} -s rr`);
      talk.child.kill('SIGTERM');
      await until(
        () => talk.lines,
        (seen) => seen[1] === '4 of 4',
      );
      // SCTP's tables, too, have another size.
      ipvsadm(lvs, `-e -f 9${option} -r ${server} -m -w 1`);
      associates();
      assert.ok(!lines.includes('wrong'), lines.join());
    });
  });
}
