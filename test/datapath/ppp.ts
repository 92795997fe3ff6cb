// Two ends of a PPP connection: a pppd (Debian's ppp) at each, with a pseudo-terminal of its own, and a pair of sockets between them.
import { spawn, spawnSync } from 'node:child_process';
import { type Bed, type Host, noNamespaces } from '../support/netns-bed.js';
import { probe, type Skip } from '../support/probes.js';
import { until } from './cluster.js';

/** Its arguments: a namespace and the options of its pppd in one word, twice. It ends with its standard input, and both daemons with it. */
const JOIN = `
use Socket;
socketpair(my $one, my $other, AF_UNIX, SOCK_STREAM, 0) or die $!;
my @pids;
for ([$one, @ARGV[0, 1]], [$other, @ARGV[2, 3]]) {
  my ($socket, $namespace, $options) = @$_;
  defined(my $pid = fork) or die $!;
  if ($pid) { push @pids, $pid; next; }
  open(STDIN, "<&", $socket) or die $!;
  open(STDOUT, ">&", $socket) or die $!;
  exec "ip", "netns", "exec", $namespace, "pppd", split(/ /, $options) or die $!;
}
close $one; close $other;
1 while sysread(STDIN, my $text, 1);
kill "TERM", @pids;
waitpid($_, 0) for @pids;`;

/** notty: the pseudo-terminal is the daemon's. */
const OPTIONS = 'notty noauth nodetach local noipdefault nodefaultroute +ipv6';

const HAS_PPP = 'open(my $ppp, "+<", "/dev/ppp") or exit 1; exec "pppd", "--version" or exit 1';

/** Probe `ppp`: the device that pppd asks, and pppd. */
export const noPpp = (): Skip =>
  noNamespaces() ||
  probe('ppp', spawnSync('perl', ['-e', HAS_PPP], { stdio: 'ignore' }).status === 0, 'no /dev/ppp or no pppd; test/vm has both');

/** A host, and its address in the connection. */
export type PppEnd = readonly [Host, string];

const isUp = ([host]: PppEnd, device: string): boolean => {
  const { stdout } = host.run(['ip', 'addr', 'show', 'dev', device]);
  return /inet [\s\S]*inet6 /.test(stdout);
};

/** It ends with this part of the bed's use. At both ends the device is up, with its address of IPv4 and a link-local one of IPv6. */
export async function connectPpp(bed: Bed, device: string, one: PppEnd, other: PppEnd): Promise<void> {
  const endWords = ([host, address]: PppEnd, [, peer]: PppEnd): readonly string[] => [
    host.namespace,
    `${OPTIONS} ifname ${device} ${address}:${peer}`,
  ];
  const child = spawn('perl', ['-e', JOIN, ...endWords(one, other), ...endWords(other, one)], { stdio: ['pipe', 'ignore', 'inherit'] });
  bed.undo(() => child.stdin.end());
  await until(
    () => isUp(one, device) && isUp(other, device),
    (up) => up,
  );
}
