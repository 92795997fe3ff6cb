// IPv4 by routes whose next hop is an IPv6 address (RFC 8950), on the real stack: requests to servers by NAT and DR, and replies to a client, TCP
// and UDP, by tc and by XDP. The neighbours' IPv4 addresses lead nowhere here.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { noNamespaces } from '../support/netns-bed.js';
import { asked, download, ipvsadm, ok, pollingFarEnds, serving, servingDirect, transfer, VIP } from './cluster.js';
import { CLIENT6, inCluster6, server6 } from './cluster6.js';

const skip = noNamespaces();
const [CLIENT, SERVER, DIRECT] = ['10.8.1.10', '10.8.2.11', '10.8.1.12'];
const DIRECT6 = 'fd00:8:1::12';
/** Of no host. */
const NOWHERE = '02:00:00:00:00:99';
/** Next hops are asked for again. */
const ROUNDS = 3;
const ROUND_MS = 1_600;

for (const attach of ['tc', 'xdp'] as const)
  test(`clients and servers behind next hops that are IPv6 addresses, NAT and DR, TCP and UDP (${attach})`, { skip }, async () => {
    await inCluster6(async (cluster) => {
      const { bed, client, lvs, web1, web2 } = cluster;
      if (attach === 'xdp') pollingFarEnds(cluster);
      await servingDirect(cluster, web2, DIRECT);
      web2.ip(`addr add ${DIRECT6}/64 dev eth1 nodad`);
      await serving(cluster, web1);
      for (const [address, hop, device] of [
        [CLIENT, CLIENT6, 'eth0'],
        [DIRECT, DIRECT6, 'eth0'],
        [SERVER, server6(1), 'eth1'],
      ]) {
        lvs.ip(`route add ${address}/32 via inet6 ${hop} dev ${device}`);
        lvs.ip(`neigh replace ${address} lladdr ${NOWHERE} dev ${device} nud permanent`);
      }
      ok(lvs.weir(`load --attach ${attach}`));
      for (const each of ['t', 'u']) {
        ipvsadm(lvs, `-A -${each} ${VIP}:80`, `-a -${each} ${VIP}:80 -r ${DIRECT}:80 -g`);
        ipvsadm(lvs, `-A -${each} ${VIP}:81`, `-a -${each} ${VIP}:81 -r ${SERVER}:80 -m`);
      }
      for (const port of [9000, 9001]) ipvsadm(lvs, `-A -t ${VIP}:${port}`, `-a -t ${VIP}:${port} -r ${SERVER}:${port} -m`);
      for (let round = 0; round < ROUNDS; round++) {
        for (const protocol of ['tcp', 'udp'] as const) {
          assert.deepEqual(asked(client, protocol, VIP, 80, 3), ['web2', 'web2', 'web2'], `DR, ${protocol}`);
          assert.deepEqual(asked(client, protocol, VIP, 81, 3), ['web1', 'web1', 'web1'], `NAT, ${protocol}`);
        }
        await delay(ROUND_MS);
      }
      await transfer(bed, client, web1, VIP, 9000);
      await download(bed, client, web1, VIP, 9001);
      assert.equal(ok(lvs.weir('stats drops')), 'none\n');
    });
  });
