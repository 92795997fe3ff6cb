// A living server behind a tunnel: it takes the packets out itself, so that no tunnel device of the kernel is needed.
import assert from 'node:assert/strict';
import { type Cluster, running, serving, until, VIP } from './cluster.js';

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
export async function behindTunnel(cluster: Cluster, protocol: number, port: number): Promise<void> {
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
