// Servers at the end of a tunnel: prepared by weir, or, on a kernel that lacks tunnel devices, by a program of the lab that takes packets out.
import type { LabHost, RunStep, TUNNELS } from '../definition/lab.js';
import { run } from './steps.js';

export type Tunnel = (typeof TUNNELS)[number];

/** IANA's port of GUE. */
const GUE_PORT = 6080;

/**
 * Arguments: the kind of tunnel, then VIPs. It makes `tun0` (TUNSETIFF: IFF_TUN, IFF_NO_PI) with the VIPs, hides them from ARP, and goes on in the
 * background, where it writes to `tun0` what comes by tunnels of that kind, over IPv4 and IPv6.
 */
const PROGRAM = `use strict;
use Fcntl;
use Socket qw(:all);

my ($type, @vips) = @ARGV;
sub set {
    my ($key, $value) = @_;
    open(my $file, ">", "/proc/sys/net/ipv4/conf/$key") or die "$key: $!\\n";
    print $file $value;
}
set("all/arp_ignore", 1);
set("all/arp_announce", 2);
sysopen(my $tun, "/dev/net/tun", O_RDWR) or die "/dev/net/tun: $!\\n";
my $request = pack("a16 S x22", "tun0", 0x1001);
ioctl($tun, 0x400454ca, $request) or die "tun0: $!\\n";
set("all/rp_filter", 0);
set("tun0/rp_filter", 0);
system("ip", "address", "add", $_, "dev", "tun0") && exit 1 for @vips;
system("ip", "link", "set", "tun0", "up") && exit 1;

my %protocols = (ipip => [4, 41], gre => [47], gue => [0]);
my (@sockets, $bits);
for my $family (AF_INET, AF_INET6) {
    for my $protocol (@{$protocols{$type}}) {
        socket(my $socket, $family, $protocol ? SOCK_RAW : SOCK_DGRAM, $protocol) or die "socket: $!\\n";
        setsockopt($socket, SOL_SOCKET, 33, pack("i", 16 << 20)) or die "SO_RCVBUFFORCE: $!\\n";
        setsockopt($socket, IPPROTO_IPV6, IPV6_V6ONLY, 1) if $family == AF_INET6 && !$protocol;
        my $any = $family == AF_INET ? pack_sockaddr_in(${GUE_PORT}, INADDR_ANY) : pack_sockaddr_in6(${GUE_PORT}, IN6ADDR_ANY);
        $protocol or bind($socket, $any) or die "port ${GUE_PORT}: $!\\n";
        # A raw socket of IPv4 has the outer header in front.
        push @sockets, [$socket, $family == AF_INET && $protocol];
        vec($bits, fileno($socket), 1) = 1;
    }
}
fork and exit;
open($_, "+<", "/dev/null") for \\(*STDIN, *STDOUT, *STDERR);
while (1) {
    select(my $ready = $bits, undef, undef, undef);
    for (@sockets) {
        my ($socket, $outer) = @$_;
        next unless vec($ready, fileno($socket), 1);
        for (1 .. 64) {
            defined(recv($socket, my $packet, 65536, MSG_DONTWAIT)) or last;
            my $at = $outer ? 4 * (ord($packet) & 15) : 0;
            if ($type eq "gre") {
                my $flags = unpack("n", substr($packet, $at, 2));
                $at += 4 + 4 * grep { $flags & $_ } 0x8000, 0x2000, 0x1000;
            } elsif ($type eq "gue") {
                $at += 4 + 4 * (ord($packet) & 31);
            }
            syswrite($tun, substr($packet, $at));
        }
    }
}
`;

const FILE = 'tunnel-end.pl';

/** What a lab with such servers needs. */
export const TUNNEL_NEEDS = ['perl', 'ethtool'] as const;

export const tunnelEndFiles: NonNullable<LabHost['files']> = { [FILE]: PROGRAM };

const option = (tunnel: Tunnel): string => ({ ipip: '', gre: ' --tun-type gre', gue: ` --tun-type gue --tun-port ${GUE_PORT}` })[tunnel];

/** How ipvsadm adds a server behind such a tunnel. Over IPv6 Linux takes no GUE without a checksum. */
export const behind = (tunnel: Tunnel, outer: 'over IPv4' | 'over IPv6' = 'over IPv4'): string =>
  `-i${option(tunnel)}${tunnel === 'gue' && outer === 'over IPv6' ? ' --tun-csum' : ''}`;

/** `rips`: the server's addresses that directors send to, where there is more than one. */
export function startsTunnelEnd(on: string, tunnel: Tunnel, vips: readonly string[], rips: readonly string[] = []): RunStep {
  const wish = `weir realserver start --mode tun${option(tunnel)} --vip ${vips.join(',')}${rips.length === 0 ? '' : ` --rip ${rips.join(',')}`}`;
  return run(on, `${wish} || perl ${FILE} ${tunnel} ${vips.join(' ')}`);
}

/**
 * Packets that a host left for a device to cut and to sum are cut and summed at these devices, as a wire would have them: before the director where
 * GUE has a checksum, since no sum is right for all parts; and before such a server, since raw sockets, which the program reads, get them whole.
 */
export const cutsPackets = (on: string, ...devices: readonly string[]): RunStep =>
  run(on, devices.map((device) => `ethtool -K ${device} tx off`).join(' && '));
