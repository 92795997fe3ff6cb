// Clients behind a device without Ethernet headers: a tun device of the director, whose other end is this test.
import assert from 'node:assert/strict';
import { IpProtocol } from '../../src/model/ip-protocol.js';
import { internetChecksum } from '../../src/wire/checksum.js';
import { decodeIcmp, encodeIcmp, IcmpType, IcmpUnreachable } from '../../src/wire/icmp.js';
import { decodeIpv4, type Ipv4Packet } from '../../src/wire/ipv4.js';
import { breadth, test } from '../support/breadth.js';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { type Cluster, inCluster, ipvsadm, ok, running, serving, until, VIP } from './cluster.js';
import { bytes, ipPacket, tcp, udp } from './fixtures/packets.js';
import { answerTo, TUNNEL, type Tunnel, withTunnel } from './tunnel.js';

const skip = noNamespaces() || noTools('perl');

const CLIENT = '10.7.0.2';
const DIRECTOR = '10.7.0.1';

type Pipe = Tunnel<Ipv4Packet>;

async function inTunnel(work: (cluster: Cluster, pipe: Pipe) => Promise<void>): Promise<void> {
  const read = (bytes: Uint8Array): Ipv4Packet => decodeIpv4(bytes) ?? assert.fail('not an IPv4 packet');
  await inCluster((cluster) =>
    withTunnel(cluster, read, async (pipe) => {
      const { lvs } = cluster;
      lvs.sysctl(`net.ipv6.conf.${TUNNEL}.disable_ipv6`, '1');
      lvs.ip(`addr add ${DIRECTOR}/24 dev ${TUNNEL}`);
      lvs.ip(`link set ${TUNNEL} up`);
      await work(cluster, pipe);
    }),
  );
}

const dotted = ({ source }: Ipv4Packet): string => [24, 16, 8, 0].map((shift) => ((source.words[0] ?? 0) >>> shift) & 255).join('.');

const HEADER_OF_UDP = 8;
const FLAGS_AT = 13;

function holdsAnswer(answer: Ipv4Packet, port: number, text: string): void {
  assert.equal(dotted(answer), VIP);
  assert.equal((answer.payload[0] ?? 0) * 256 + (answer.payload[1] ?? 0), port, 'source port');
  assert.equal(Buffer.from(answer.payload.slice(HEADER_OF_UDP)).toString(), text);
}

/** From the service, about the packet that the client has sent. */
function holdsError(answer: Ipv4Packet, kind: readonly [number, number], sent: Uint8Array, what: string): void {
  assert.deepEqual([answer.protocol, dotted(answer)], [IpProtocol.icmp, VIP], what);
  const { type, code, body } = decodeIcmp(answer.payload) ?? assert.fail('no ICMP message');
  assert.deepEqual([type, code, internetChecksum(answer.payload)], [...kind, 0], what);
  const [quote, original] = [decodeIpv4(body, true), decodeIpv4(sent)].map((packet) => packet ?? assert.fail(what));
  assert.deepEqual([quote?.destination, quote?.payload.slice(0, 4)], [original?.destination, original?.payload.slice(0, 4)], what);
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
    ipvsadm(lvs, `-A -u ${VIP}:82`, `-a -u ${VIP}:82 -r 10.8.1.1:91 -m`, `-A -u ${VIP}:83`);
    for (const [port, why] of [
      [82, 'no server listens on the director'],
      [83, 'no destination is left'],
    ] as const) {
      const sent = udp({ from: `${CLIENT}:5000`, to: `${VIP}:${port}` }, { data: bytes(3) });
      holdsError(await answerTo(pipe, sent), [IcmpType.unreachable, IcmpUnreachable.port], sent, why);
    }
    const opened = await answerTo(pipe, tcp({ from: `${CLIENT}:6000`, to: `${VIP}:80` }, 'S'));
    assert.deepEqual([dotted(opened), opened.payload[FLAGS_AT]], [VIP, 0x12], 'SYN and ACK');
  });
});

/** Sends a message of a call from an address to another one and a port. */
const SEND = `use IO::Socket::INET;
my $s = IO::Socket::INET->new(Proto => "udp", LocalAddr => $ARGV[0], LocalPort => 5060, PeerAddr => $ARGV[1], PeerPort => $ARGV[3]) or die $!;
$s->send("INVITE sip:b SIP/2.0\\r\\nCall-ID: $ARGV[2]\\r\\n\\r\\n") or die $!;`;

breadth('a call that a server elsewhere or on the director begins leaves by a tun device with the VIP', { skip }, async () => {
  await inTunnel(async ({ lvs, web1 }, pipe) => {
    const begin = (host: Host, from: string, call: string, port: string): string =>
      ok(host.run(['perl', '-e', SEND, from, CLIENT, call, port]));
    ipvsadm(lvs, `-A -u ${VIP}:5060 -p 60 --pe sip`);
    ipvsadm(lvs, `-a -u ${VIP}:5060 -r 10.8.2.11:5060 -m`, `-a -u ${VIP}:5060 -r 10.8.1.1:5060 -m`);
    for (const [host, from, call, port] of [
      [lvs, '10.8.1.1', 'one', '5060'],
      [web1, '10.8.2.11', 'two', '5061'],
    ] as const) {
      const before = pipe.received.length;
      begin(host, from, call, port);
      await until(
        () => pipe.received.length,
        (count) => count > before,
      );
      holdsAnswer(pipe.received[before] ?? assert.fail(call), 5060, `INVITE sip:b SIP/2.0\r\nCall-ID: ${call}\r\n\r\n`);
    }
    const listed = ok(lvs.ipvsadm('-Lcn --persistent-conn'));
    for (const line of ['10.8.1.1:5060', '10.8.2.11:5060']) assert.ok(listed.includes(line), listed);
  });
});

/** Sends a datagram to an address and port, and prints what is answered. */
const ASK = `use IO::Socket::INET;
my $s = IO::Socket::INET->new(Proto => "udp", PeerAddr => $ARGV[0], PeerPort => $ARGV[1]) or die $!;
$s->send("question") or die $!; defined $s->recv(my $answer, 100) or die $!; print "$answer\\n";`;

breadth('what a server by FULLNAT behind a tun device answers comes back to its client', { skip }, async () => {
  await inTunnel(async ({ bed, client, lvs }, pipe) => {
    ipvsadm(lvs, `-A -u ${VIP}:84`, `-a -u ${VIP}:84 -r ${CLIENT}:8080 --fullnat --local-address ${DIRECTOR}`);
    const { lines } = running(bed, client, ['perl', '-e', ASK, VIP, '84']);
    await until(
      () => pipe.received.length,
      (count) => count > 0,
    );
    const question = pipe.received[0] ?? assert.fail('no question');
    assert.equal(dotted(question), DIRECTOR);
    const port = (question.payload[0] ?? 0) * 256 + (question.payload[1] ?? 0);
    pipe.send(udp({ from: `${CLIENT}:8080`, to: `${DIRECTOR}:${port}` }, { data: new TextEncoder().encode('answer') }));
    await until(
      () => lines.length,
      (count) => count > 0,
    );
    assert.deepEqual(lines, ['answer']);
  });
});

breadth('what concerns no service, or no connection, gets from a tun device to the stack', { skip }, async () => {
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
