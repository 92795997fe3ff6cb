// Clients behind a device without Ethernet headers: a tun device of the director, whose other end is this test.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { IpProtocol } from '../../src/model/ip-protocol.js';
import { encodeIcmp, IcmpType } from '../../src/wire/icmp.js';
import { decodeIpv4, type Ipv4Packet } from '../../src/wire/ipv4.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { type Cluster, inCluster, ipvsadm, serving, until, VIP } from './cluster.js';
import { bytes, ipPacket, tcp, udp } from './fixtures/packets.js';

const skip = noNamespaces() || noTools('perl');

const CLIENT = '10.7.0.2';
const DIRECTOR = '10.7.0.1';

/** Makes tun0 (TUNSETIFF: IFF_TUN, IFF_NO_PI); IP packets in hexadecimal, a line each, from its input to the device and back. */
const PUMP = `
use Fcntl; $| = 1;
sysopen(my $tun, "/dev/net/tun", O_RDWR) or die $!;
my $request = pack("a16 S x22", "tun0", 0x1001);
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

interface Tunnel {
  send(packet: Uint8Array): void;
  /** Those that the client got, oldest first. */
  readonly received: Ipv4Packet[];
}

async function tunnel({ lvs }: Cluster, child: ChildProcess): Promise<Tunnel> {
  const received: Ipv4Packet[] = [];
  let ready = false;
  createInterface({ input: child.stdout ?? assert.fail('no output') }).on('line', (line) => {
    if (line === 'ready') ready = true;
    else received.push(decodeIpv4(Buffer.from(line, 'hex')) ?? assert.fail(line));
  });
  await until(
    () => ready,
    (is) => is,
  );
  lvs.sysctl('net.ipv6.conf.tun0.disable_ipv6', '1');
  lvs.ip(`addr add ${DIRECTOR}/24 dev tun0`);
  lvs.ip('link set tun0 up');
  return {
    received,
    send: (packet) => void child.stdin?.write(`${Buffer.from(packet).toString('hex')}\n`),
  };
}

async function inTunnel(work: (cluster: Cluster, tunnel: Tunnel) => Promise<void>): Promise<void> {
  await inCluster(async (cluster) => {
    const argv = ['netns', 'exec', cluster.lvs.namespace, 'perl', '-e', PUMP];
    const child = spawn('ip', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      await work(cluster, await tunnel(cluster, child));
    } finally {
      child.kill();
    }
  });
}

/** Sends a packet, and awaits the answer to it. */
async function answerTo({ send, received }: Tunnel, packet: Uint8Array): Promise<Ipv4Packet> {
  const before = received.length;
  send(packet);
  await until(
    () => received.length,
    (count) => count > before,
  );
  return received[before] ?? assert.fail('no answer');
}

const dotted = ({ source }: Ipv4Packet): string => [24, 16, 8, 0].map((shift) => ((source.words[0] ?? 0) >>> shift) & 255).join('.');

const HEADER_OF_UDP = 8;
const FLAGS_AT = 13;

function holdsAnswer(answer: Ipv4Packet, port: number, text: string): void {
  assert.equal(dotted(answer), VIP);
  assert.equal((answer.payload[0] ?? 0) * 256 + (answer.payload[1] ?? 0), port, 'source port');
  assert.equal(Buffer.from(answer.payload.slice(HEADER_OF_UDP)).toString(), text);
}

test('clients behind a tun device are served by servers elsewhere and on the director', { skip }, async () => {
  await inTunnel(async (cluster, pipe) => {
    const { lvs, web1 } = cluster;
    await serving(cluster, web1);
    await serving(cluster, lvs, 90, '10.8.1.1');
    ipvsadm(lvs, `-A -u ${VIP}:80`, `-a -u ${VIP}:80 -r 10.8.2.11:80 -m`);
    ipvsadm(lvs, `-A -t ${VIP}:80`, `-a -t ${VIP}:80 -r 10.8.2.11:80 -m`);
    ipvsadm(lvs, `-A -u ${VIP}:81`, `-a -u ${VIP}:81 -r 10.8.1.1:90 -m`);
    const ask = (port: number): Promise<Ipv4Packet> =>
      answerTo(pipe, udp({ from: `${CLIENT}:5000`, to: `${VIP}:${port}` }, { data: bytes(3) }));
    for (const _time of ['the FIB is asked', 'the next hops are cached', 'again']) holdsAnswer(await ask(80), 80, 'web1');
    for (const _time of ['first', 'again']) holdsAnswer(await ask(81), 81, 'lvs');
    const opened = await answerTo(pipe, tcp({ from: `${CLIENT}:6000`, to: `${VIP}:80` }, 'S'));
    assert.deepEqual([dotted(opened), opened.payload[FLAGS_AT]], [VIP, 0x12], 'SYN and ACK');
  });
});

test('what concerns no service, or no connection, gets from a tun device to the stack', { skip }, async () => {
  await inTunnel(async ({ lvs }, pipe) => {
    ipvsadm(lvs, `-A -t ${VIP}:80`, `-a -t ${VIP}:80 -r 10.8.2.11:80 -m`);
    const echo = encodeIcmp({ type: IcmpType.echo, code: 0, rest: 1, body: bytes(8) });
    const echoed = await answerTo(pipe, ipPacket(CLIENT, DIRECTOR, IpProtocol.icmp, echo));
    assert.deepEqual([dotted(echoed), echoed.payload[0]], [DIRECTOR, IcmpType.echoReply]);
    for (const [port, why] of [
      [80, 'a service, no connection'],
      [82, 'no service'],
    ] as const) {
      const reset = await answerTo(pipe, tcp({ from: `${CLIENT}:6000`, to: `${VIP}:${port}` }, 'A'));
      assert.deepEqual([dotted(reset), reset.payload[FLAGS_AT]], [VIP, 0x04], why);
    }
  });
});
