// The cluster in words of each family, for tests that do the same in both.
import { type Cluster, inCluster, VIP } from './cluster.js';
import { BACK6, CLIENT6, inCluster6, server6, VIP6 } from './cluster6.js';

export interface ClusterFamily {
  readonly name: 'IPv4' | 'IPv6';
  /** Of ipvsadm, and of ip. */
  readonly option: '' | ' -6';
  readonly vip: string;
  readonly client: string;
  server(k: number): string;
  /** Of the director, towards the servers. */
  readonly back: string;
  readonly any: string;
  at(address: string, port: number | ''): string;
  readonly nft: 'ip' | 'ip6';
  readonly ping: string;
  /** The director forwards. */
  inCluster(work: (cluster: Cluster) => Promise<void>): Promise<void>;
}

export const CLUSTER4: ClusterFamily = {
  name: 'IPv4',
  option: '',
  vip: VIP,
  client: '10.8.1.10',
  server: (k) => `10.8.2.1${k}`,
  back: '10.8.2.1',
  any: '0.0.0.0',
  at: (address, port) => `${address}:${port}`,
  nft: 'ip',
  ping: 'ping',
  inCluster: (work) =>
    inCluster(async (cluster) => {
      cluster.lvs.sysctl('net.ipv4.ip_forward', '1');
      await work(cluster);
    }),
};

export const CLUSTER6: ClusterFamily = {
  name: 'IPv6',
  option: ' -6',
  vip: VIP6,
  client: CLIENT6,
  server: server6,
  back: BACK6,
  any: '::',
  at: (address, port) => `[${address}]:${port}`,
  nft: 'ip6',
  ping: 'ping -6',
  inCluster: inCluster6,
};
