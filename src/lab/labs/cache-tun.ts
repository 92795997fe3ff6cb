// The cluster of web caches of cache.ts under VS/TUN: the caches are in networks of their own, behind a router.
import type { LabHost } from '../definition/lab.js';
import { cacheFiles, cacheLab, clientHost, siteHost } from './cache.js';
import { described } from './steps.js';
import { behind, cutsPackets, startsTunnelEnd, TUNNEL_NEEDS, tunnelEndFiles } from './tunnel-end.js';

const DIRECTOR = { clients: '192.0.2.1', transit: '192.168.88.5' };
const ROUTER = { transit: '192.168.88.1', sites: '203.0.113.254' };
/** Each cache, and the router in its network. */
const CACHES = { cache1: ['198.51.100.11', '198.51.100.1'], cache2: ['172.16.3.12', '172.16.3.1'] } as const;
/** The tunnel device's own address, which iptables sends requests to. No packet has it. */
const INSIDE = '198.18.0.1';

const cache = (name: keyof typeof CACHES): LabHost => ({
  interfaces: { eth0: { switch: name, addresses: [`${CACHES[name][0]}/24`] } },
  gateway: CACHES[name][1],
  files: { ...cacheFiles(name), ...tunnelEndFiles },
});

export const cacheTun = cacheLab({
  name: 'cache-tun',
  title: 'VS/TUN, in networks of their own',
  switches: ['clients', 'transit', 'cache1', 'cache2', 'sites'],
  caches: [CACHES.cache1[0], CACHES.cache2[0]],
  options: behind('ipip'),
  listed: 'Tunnel',
  method: 'tunnel',
  hosts: {
    client1: clientHost,
    lvs1: {
      director: true,
      interfaces: {
        eth0: { switch: 'clients', addresses: [`${DIRECTOR.clients}/24`] },
        eth1: { switch: 'transit', addresses: [`${DIRECTOR.transit}/24`] },
      },
      gateway: ROUTER.transit,
      sysctls: { 'net.ipv4.ip_forward': 1 },
    },
    router1: {
      interfaces: {
        eth0: { switch: 'transit', addresses: [`${ROUTER.transit}/24`] },
        eth1: { switch: 'cache1', addresses: [`${CACHES.cache1[1]}/24`] },
        eth2: { switch: 'cache2', addresses: [`${CACHES.cache2[1]}/24`] },
        eth3: { switch: 'sites', addresses: [`${ROUTER.sites}/24`] },
      },
      routes: [{ to: '192.0.2.0/24', via: DIRECTOR.transit }],
      sysctls: { 'net.ipv4.ip_forward': 1 },
    },
    cache1: cache('cache1'),
    cache2: cache('cache2'),
    site: siteHost,
  },
  needs: TUNNEL_NEEDS,
  prepared: [
    described('Each cache takes packets out of its tunnel.', startsTunnelEnd('cache1', 'ipip', [INSIDE])),
    startsTunnelEnd('cache2', 'ipip', [INSIDE]),
    cutsPackets('router1', 'eth1', 'eth2'),
  ],
});
