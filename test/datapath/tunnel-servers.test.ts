// Living servers behind tunnels (behind-tunnel.ts); their clients find the MTU.

import assert from 'node:assert/strict';
import { breadth, test } from '../support/breadth.js';
import { noNamespaces } from '../support/netns-bed.js';
import { behindTunnel } from './behind-tunnel.js';
import { asked, inCluster, ipvsadm, ok, transfer, VIP } from './cluster.js';
import { TUNNEL_PORT } from './fixtures/bed-addresses.js';

const skip = noNamespaces();
const SINK = 9000;

const KINDS = [
  { name: 'ipip', options: '--tun-type ipip', protocol: 4, port: 0 },
  { name: 'GRE with a checksum', options: '--tun-type gre --tun-csum', protocol: 47, port: 0 },
  { name: 'GUE with a checksum', options: `--tun-type gue --tun-port ${TUNNEL_PORT} --tun-csum`, protocol: 17, port: TUNNEL_PORT },
] as const;

for (const { name, options, protocol, port } of KINDS) {
  (name === KINDS[0]?.name ? test : breadth)(
    `a server behind ${name}: TCP, UDP, and a big transfer by its smaller MTU`,
    { skip },
    async () => {
      await inCluster(async (cluster) => {
        const { bed, client, lvs, web1 } = cluster;
        // A raw socket would get packets that no device has cut and summed yet.
        ok(client.run(['ethtool', '-K', 'eth0', 'tx', 'off', 'tso', 'off', 'gso', 'off']));
        await behindTunnel(cluster, protocol, port);
        for (const service of [`-t ${VIP}:80`, `-u ${VIP}:80`, `-t ${VIP}:${SINK}`])
          ipvsadm(lvs, `-A ${service} -s rr`, `-a ${service} -r 10.8.2.11 -i ${options}`);
        assert.equal(lvs.sysctl('net.ipv4.ip_forward'), '0');
        assert.deepEqual(asked(client, 'tcp', VIP, 80, 2), ['web1', 'web1']);
        assert.deepEqual(asked(client, 'udp', VIP, 80, 2), ['web1', 'web1']);
        await transfer(bed, client, web1, VIP, SINK);
        assert.match(ok(client.run(['ip', 'route', 'get', VIP])), /mtu 14\d\d/, 'the client has learned of the MTU inside');
      });
    },
  );
}
