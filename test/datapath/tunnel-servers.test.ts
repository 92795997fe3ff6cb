// Living servers behind tunnels: they take the packets out themselves, so that no tunnel device of the kernel is needed. Their clients find the MTU.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noNamespaces } from '../support/netns-bed.js';
import { asked, type Cluster, inCluster, ipvsadm, ok, running, serving, transfer, until, VIP } from './cluster.js';
import { TUNNEL_PORT } from './fixtures/bed-addresses.js';

const skip = noNamespaces();
const SINK = 9000;

/** Writes what comes by a tunnel to tun0. Its arguments: the protocol of the outer packets, and of GUE the port. */
const DECAPSULATE = `
use Fcntl; use Socket; $| = 1;
my ($protocol, $port) = @ARGV;
sysopen(my $tun, "/dev/net/tun", O_RDWR) or die $!;
my $request = pack("a16 S x22", "tun0", 0x1001);
ioctl($tun, 0x400454ca, $request) or die $!;
my $from;
if ($port) { socket($from, AF_INET, SOCK_DGRAM, 0) or die $!; bind($from, pack_sockaddr_in($port, INADDR_ANY)) or die $!; }
else { socket($from, AF_INET, SOCK_RAW, $protocol) or die $!; }
setsockopt($from, SOL_SOCKET, SO_RCVBUF, 8 << 20);
print "ready\\n";
while (1) {
  defined(recv($from, my $packet, 65536, 0)) or next;
  $packet = substr($packet, $port ? 4 : 4 * (ord($packet) & 15));
  $packet = substr($packet, ord($packet) & 0x80 ? 8 : 4) if $protocol == 47;
  syswrite($tun, $packet);
}`;

/** web1 answers from the VIP, by an interface on its clients' network. */
async function behindTunnel(cluster: Cluster, protocol: number, port: number): Promise<void> {
  const { bed, web1, front } = cluster;
  const { child, lines } = running(bed, web1, ['perl', '-e', DECAPSULATE, String(protocol), String(port)]);
  await until(
    () => lines,
    (seen) => seen[0] === 'ready',
  );
  assert.equal(child.exitCode, null);
  web1.sysctl('net.ipv4.conf.all.arp_ignore', '1');
  web1.sysctl('net.ipv4.conf.all.arp_announce', '2');
  bed.cable(web1, 'eth1', front, '10.8.1.11/24');
  web1.ip(`addr add ${VIP}/32 dev tun0`);
  web1.ip('link set tun0 up');
  for (const device of ['all', 'tun0', 'eth0']) web1.sysctl(`net.ipv4.conf.${device}.rp_filter`, '0');
  await serving(cluster, web1, 80, VIP);
  // Its own neighbours are known then: what it sends first would wait for them.
  web1.run(['ping', '-c', '1', '-W', '2', '10.8.1.10']);
}

const KINDS = [
  { name: 'ipip', options: '--tun-type ipip', protocol: 4, port: 0 },
  { name: 'GRE with a checksum', options: '--tun-type gre --tun-csum', protocol: 47, port: 0 },
  { name: 'GUE with a checksum', options: `--tun-type gue --tun-port ${TUNNEL_PORT} --tun-csum`, protocol: 17, port: TUNNEL_PORT },
] as const;

for (const { name, options, protocol, port } of KINDS) {
  test(`a server behind ${name}: TCP, UDP, and a big transfer by its smaller MTU`, { skip }, async () => {
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
  });
}
