// ESP with keys, by tunnels between the hosts of the cluster, of both families: answers and requests of VS/NAT leave the director encrypted, what
// comes encrypted from a client is balanced by NAT and DR, and without its key nothing leaves. (The same on Linux 6.1: test/vm.)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools, notWorking } from '../support/probes.js';
import { asked, download, ipvsadm, ok, transfer } from './cluster.js';
import { FRONT6 } from './cluster6.js';
import { setUp } from './ipsec-policies.js';
import { station } from './live-child.js';
import { FOUR, SIX } from './marked-cluster.js';

const KEYS = `auth hmac(sha256) 0x${'a7'.repeat(32)} enc cbc(aes) 0x${'5c'.repeat(16)}`;
const trial = `xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 1 mode tunnel ${KEYS}`;
const skip = noNamespaces() || noTools('unshare') || notWorking('esp', 'unshare', '-n', 'ip', ...trial.split(' '));

/** One direction between two hosts. */
interface Tunnel {
  readonly hosts: readonly [from: Host, to: Host];
  readonly ends: readonly [from: string, to: string];
  readonly spi: number;
}

const nameOf = ({ ends: [from, to], spi }: Tunnel): string => `src ${from} dst ${to} proto esp spi ${spi}`;

/** Its association, on both hosts. */
function open(tunnel: Tunnel): Tunnel {
  for (const host of tunnel.hosts) host.ip(`xfrm state add ${nameOf(tunnel)} mode tunnel ${KEYS}`);
  return tunnel;
}

const PROTOCOLS = ['tcp', 'udp'] as const;

/** Not for IPv6's neighbour discovery. */
function policy(host: Host, { ends: [from, to] }: Tunnel, source: string, destination: string, direction: 'in' | 'out' | 'fwd'): void {
  for (const protocol of PROTOCOLS) {
    const selector = `src ${source} dst ${destination} proto ${protocol} dir ${direction}`;
    host.ip(`xfrm policy add ${selector} tmpl src ${from} dst ${to} proto esp mode tunnel`);
  }
}

/** How many packets have come by it. */
const packetsBy = (tunnel: Tunnel): number =>
  Number(/lifetime current:\s+\d+\(bytes\), (\d+)\(packets\)/.exec(tunnel.hosts[1].ip(`-s xfrm state get ${nameOf(tunnel)}`))?.[1]);

for (const [family, front] of [
  [FOUR, '10.8.1.1'],
  [SIX, FRONT6],
] as const) {
  const { at, back, client: own, name, server, vip } = family;

  test(`${name}: answers and requests are encrypted, of encrypted requests, too`, { skip }, () =>
    family.inCluster(async (cluster) => {
      const { bed, client, lvs, web1, web2 } = cluster;
      await setUp(family, cluster);
      const answered = (by: string): void => {
        for (const protocol of PROTOCOLS) assert.deepEqual(asked(client, protocol, vip, 80, 2), [by, by], protocol);
      };
      /** How many more packets come by each meanwhile. */
      const during = async (tunnels: readonly Tunnel[], work: () => void | Promise<void>): Promise<readonly number[]> => {
        const before = tunnels.map(packetsBy);
        await work();
        return tunnels.map((tunnel, k) => packetsBy(tunnel) - (before[k] ?? 0));
      };
      answered('web1');

      const answers = open({ hosts: [lvs, client], ends: [front, own], spi: 0x101 });
      policy(lvs, answers, vip, own, 'out');
      policy(client, answers, vip, own, 'in');
      const requests = open({ hosts: [lvs, web1], ends: [back, server(1)], spi: 0x102 });
      policy(lvs, requests, own, server(1), 'out');
      policy(web1, requests, own, server(1), 'in');
      ok(lvs.weir('load'));
      const both = [answers, requests];
      // Three packets at least of each connection of TCP in each direction, and one of UDP.
      for (const count of await during(both, () => answered('web1'))) assert.ok(count >= 8, `${count}`);
      for (const count of await during(both, () => transfer(bed, client, web1, vip, 90, 1 << 20))) assert.ok(count > 10, `${count}`);
      for (const count of await during(both, () => download(bed, client, web1, vip, 91, 1 << 20))) assert.ok(count > 10, `${count}`);

      const asks = open({ hosts: [client, lvs], ends: [own, front], spi: 0x103 });
      policy(client, asks, own, vip, 'out');
      policy(lvs, asks, own, vip, 'in');
      // The kernel forwards what the policy for requests is for, and asks what lets it in by the address of the server.
      policy(lvs, asks, own, server(1), 'fwd');
      for (const count of await during([...both, asks], () => answered('web1'))) assert.ok(count >= 8, `${count}`);

      lvs.ip(`xfrm state delete ${nameOf(answers)}`);
      assert.notEqual(client.run(['timeout', '3', ...station('ask', 'tcp', vip, 80, 1, 0)]).status, 0, 'without a key');

      // By DR the server itself answers the client, which lets that in as it is.
      for (const protocol of PROTOCOLS) client.ip(`xfrm policy delete src ${vip} dst ${own} proto ${protocol} dir in`);
      const direct = await family.servingDirect(cluster, web2);
      for (const option of ['t', 'u'])
        ipvsadm(
          lvs,
          `-D -${option} ${at(vip, 80)}`,
          `-A -${option} ${at(vip, 80)} -s rr`,
          `-a -${option} ${at(vip, 80)} -r ${at(direct, 80)} -g`,
        );
      const [count = 0] = await during([asks], () => answered('web2'));
      assert.ok(count >= 8, `${count}`);
    }),
  );
}
