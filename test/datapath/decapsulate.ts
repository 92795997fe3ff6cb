// A server's end of a tunnel as a program, so that no tunnel device of the kernel is needed.

/**
 * Writes what comes by a tunnel to tun0. Its arguments: the protocol of the outer packets, of GUE the port (else 0), and `6` where these are of
 * IPv6, whose raw sockets give no outer header.
 */
export const DECAPSULATE = `
use Fcntl; use Socket; $| = 1;
my ($protocol, $port, $six) = @ARGV;
sysopen(my $tun, "/dev/net/tun", O_RDWR) or die $!;
my $request = pack("a16 S x22", "tun0", 0x1001);
ioctl($tun, 0x400454ca, $request) or die $!;
my $from;
my $family = $six ? AF_INET6 : AF_INET;
my $any = $six ? pack_sockaddr_in6($port, Socket::IN6ADDR_ANY) : pack_sockaddr_in($port, INADDR_ANY);
if ($port) { socket($from, $family, SOCK_DGRAM, 0) or die $!; setsockopt($from, 41, 26, 1) if $six; bind($from, $any) or die $!; }
else { socket($from, $family, SOCK_RAW, $protocol) or die $!; }
setsockopt($from, SOL_SOCKET, SO_RCVBUF, 8 << 20);
print "ready\\n";
while (1) {
  defined(recv($from, my $packet, 65536, 0)) or next;
  $packet = substr($packet, $port ? 4 : $six ? 0 : 4 * (ord($packet) & 15));
  $packet = substr($packet, ord($packet) & 0x80 ? 8 : 4) if $protocol == 47;
  syswrite($tun, $packet);
}`;
