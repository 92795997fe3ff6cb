// The lines about VS/TUN on docs/migrate.md, typed on real servers behind a tunnel of the kernel.
import assert from 'node:assert/strict';
import { noTunnels } from '../support/probes.js';
import { sectionNamed } from './migrate-page.js';
import { procedure, startWebs, VIP } from './procedure.js';

procedure(
  'TUN',
  'one switch',
  async (at) => {
    await startWebs(at);
    await at.follow(sectionNamed('TUN'));
    at.type(at.director, 'echo 1 > /proc/sys/net/ipv4/ip_forward');
    at.type(at.client, `ip route add ${VIP} via 192.168.88.5`);
    for (const host of at.servers) {
      const address = host === at.servers[0] ? '192.168.88.100' : '192.168.88.200';
      at.type(at.director, `ip link add to${host.name} type ipip local 192.168.88.5 remote ${address}`);
      at.type(at.director, `ip link set to${host.name} up; ip route replace ${VIP} dev to${host.name}`);
      assert.deepEqual(at.names(2), [host.name, host.name]);
      at.type(host, 'weir realserver status');
    }
  },
  noTunnels(),
);
