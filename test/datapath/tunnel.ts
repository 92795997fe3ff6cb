// A tun device of a cluster's director, whose other end is the test: a client without Ethernet headers.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Cluster, until } from './cluster.js';

export const TUNNEL = 'tun0';

/** Makes tun0 (TUNSETIFF: IFF_TUN, IFF_NO_PI); IP packets in hexadecimal, a line each, from its input to the device and back. */
const PUMP = `
use Fcntl; $| = 1;
sysopen(my $tun, "/dev/net/tun", O_RDWR) or die $!;
my $request = pack("a16 S x22", "${TUNNEL}", 0x1001);
ioctl($tun, 0x400454ca, $request) or die $!;
print "ready\\n";
my ($all, $text) = ("", "");
vec($all, fileno($_), 1) = 1 for *STDIN, $tun;
while (1) {
  select(my $ready = $all, undef, undef, undef);
  if (vec($ready, fileno($tun), 1)) { sysread($tun, my $packet, 65536); print unpack("H*", $packet), "\\n"; }
  next unless vec($ready, fileno(STDIN), 1);
  sysread(STDIN, $text, 65536, length $text) or last;
  while ($text =~ s/^(.*)\\n//) { syswrite($tun, pack("H*", $1)); }
}`;

export interface Tunnel<Packet> {
  send(packet: Uint8Array): void;
  /** Those that the client got, oldest first. */
  readonly received: Packet[];
}

/** `read`: undefined for what the test does not count, as the kernel's own multicast. */
export async function withTunnel<Packet>(
  { lvs }: Cluster,
  read: (bytes: Uint8Array) => Packet | undefined,
  work: (tunnel: Tunnel<Packet>) => Promise<void>,
): Promise<void> {
  const argv = ['netns', 'exec', lvs.namespace, 'perl', '-e', PUMP];
  const child = spawn('ip', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await work(await begun(child, read));
  } finally {
    child.kill();
  }
}

async function begun<Packet>(child: ChildProcess, read: (bytes: Uint8Array) => Packet | undefined): Promise<Tunnel<Packet>> {
  const received: Packet[] = [];
  let ready = false;
  createInterface({ input: child.stdout ?? assert.fail('no output') }).on('line', (line) => {
    if (line === 'ready') {
      ready = true;
      return;
    }
    const packet = read(new Uint8Array(Buffer.from(line, 'hex')));
    if (packet !== undefined) received.push(packet);
  });
  await until(
    () => ready,
    (is) => is,
  );
  return { received, send: (packet) => void child.stdin?.write(`${Buffer.from(packet).toString('hex')}\n`) };
}

/** Sends a packet, and awaits the answer to it. */
export async function answerTo<Packet>({ send, received }: Tunnel<Packet>, packet: Uint8Array): Promise<Packet> {
  const before = received.length;
  send(packet);
  await until(
    () => received.length,
    (count) => count > before,
  );
  return received[before] ?? assert.fail('no answer');
}
