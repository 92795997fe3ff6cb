// Two hosts with a tun device each, whose packets go from one to the other: devices without Ethernet headers that every kernel has.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { Bed, Host } from '../support/netns-bed.js';
import { until } from './cluster.js';

/** Makes a tun device (TUNSETIFF: IFF_TUN, IFF_NO_PI). Its packets go to the socket that is its input, and back. */
const PUMP = `
use Fcntl;
sysopen(my $tun, "/dev/net/tun", O_RDWR) or die $!;
my $request = pack("a16 S x22", $ARGV[0], 0x1001);
ioctl($tun, 0x400454ca, $request) or die $!;
open(my $peer, "+<&=", 0) or die $!;
my ($all, $packet) = ("", "");
vec($all, fileno($_), 1) = 1 for $peer, $tun;
while (1) {
  select(my $ready = $all, undef, undef, undef);
  if (vec($ready, fileno($tun), 1)) { syswrite($peer, $packet) if sysread($tun, $packet, 65536); }
  if (vec($ready, fileno($peer), 1)) { sysread($peer, $packet, 65536) or last; syswrite($tun, $packet); }
}`;

/** Its arguments: the device, the program above, two namespaces. It ends with its standard input, and both ends with it. */
const JOIN = `
use Socket;
my ($device, $pump, @namespaces) = @ARGV;
socketpair(my $one, my $other, AF_UNIX, SOCK_SEQPACKET, 0) or die $!;
my @pids;
for ([$one, $namespaces[0]], [$other, $namespaces[1]]) {
  my ($socket, $namespace) = @$_;
  defined(my $pid = fork) or die $!;
  if ($pid) { push @pids, $pid; next; }
  open(STDIN, "+<&", $socket) or die $!;
  exec "ip", "netns", "exec", $namespace, "perl", "-e", $pump, $device or die $!;
}
close $one; close $other;
1 while sysread(STDIN, my $text, 1);
kill "TERM", @pids;
waitpid($_, 0) for @pids;`;

/** A host, and its address in the connection. */
type TunEnd = readonly [Host, string];

/** Both ends are up, and reach each other's address. */
export async function connectTuns(bed: Bed, device: string, one: TunEnd, other: TunEnd): Promise<void> {
  const child = spawn('perl', ['-e', JOIN, device, PUMP, one[0].namespace, other[0].namespace], { stdio: ['pipe', 'ignore', 'inherit'] });
  bed.endsWith(child);
  for (const [[host, address], [, peer]] of [
    [one, other],
    [other, one],
  ] as const) {
    await until(
      () => host.run(['ip', 'link', 'show', 'dev', device]).status,
      (status) => status === 0,
    );
    host.ip(`addr add ${address} peer ${peer} dev ${device}`);
    host.ip(`link set ${device} up`);
  }
  assert.equal(one[0].run(['ping', '-c', '1', '-W', '20', other[1]]).status, 0, `${other[1]} is reached`);
}
