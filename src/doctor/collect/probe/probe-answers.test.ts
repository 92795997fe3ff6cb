// Frames that servers and routers send back: which probe they answer, and how.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../../test/support/ip.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import { internetChecksum, pseudoHeaderSum } from '../../../wire/checksum.js';
import { decodeEthernet, EtherType, encodeEthernet } from '../../../wire/ethernet.js';
import { encodeIcmp } from '../../../wire/icmp.js';
import { decodeIpv4, encodeIpv4, IPV4_DEFAULTS, type Ipv4Packet } from '../../../wire/ipv4.js';
import { decodeIpv6, encodeIpv6 } from '../../../wire/ipv6.js';
import { type Probe, type ProbeContent, probeFrame, resetFrame, type Trial } from '../../../wire/probe-frames.js';
import { decodeTcp, encodeTcp, TCP_DEFAULTS, TcpFlag } from '../../../wire/tcp.js';
import { encodeUdp } from '../../../wire/udp.js';
import { answerIn } from './probe-answers.js';

const OURS = ip('10.5.0.2');
const VIP = ip('10.5.0.9');
const SERVER = ip('10.5.0.51');
const MACS = { mac: '02:00:00:00:00:01', nextHopMac: '02:00:00:00:00:51' };

const trial = (content: ProbeContent, target = VIP): Trial => {
  const probe: Probe = { ifindex: 2, ...MACS, source: OURS, target, content };
  return { probe, tag: 40_000, sequence: 0xffffffff };
};
const packetOf = (frame: Uint8Array): Ipv4Packet => decodeIpv4(decodeEthernet(frame)?.payload ?? new Uint8Array(0)) as Ipv4Packet;
const back = (protocol: number, payload: Uint8Array, source = VIP, destination = OURS): Uint8Array =>
  encodeEthernet({
    destination: MACS.mac,
    source: MACS.nextHopMac,
    tags: [],
    etherType: EtherType.ipv4,
    payload: encodeIpv4({ ...IPV4_DEFAULTS, protocol, source, destination, payload }),
  });
const answer = (one: Trial, frame: Uint8Array) => answerIn(frame, new Map([[one.tag, one]]))?.answer;

const syn = trial({ kind: 'syn', port: 80 });
const segment = (flags: number, port = 80, source = VIP) =>
  back(IpProtocol.tcp, encodeTcp({ ...TCP_DEFAULTS, sourcePort: port, destinationPort: syn.tag, flags }, source, OURS), source);

test('a SYN is accepted by SYN and ACK, reset by RST, and nothing else answers it', () => {
  assert.deepEqual(answer(syn, segment(TcpFlag.syn | TcpFlag.ack)), { kind: 'accepted' });
  assert.deepEqual(answer(syn, segment(TcpFlag.rst | TcpFlag.ack)), { kind: 'reset' });
  assert.equal(answer(syn, segment(TcpFlag.ack)), undefined);
  assert.equal(answer(syn, segment(TcpFlag.rst, 81)), undefined, 'another port');
  assert.equal(answer(syn, segment(TcpFlag.rst, 80, SERVER)), undefined, 'another address');
  assert.equal(answer(syn, Uint8Array.of(1, 2, 3)), undefined);
});

test('the reset has the sequence number that follows the SYN', () => {
  const reset = packetOf(resetFrame(syn) ?? new Uint8Array(0));
  const tcp = decodeTcp(reset.payload);
  assert.deepEqual([tcp?.flags, tcp?.sequence, tcp?.sourcePort, tcp?.destinationPort], [TcpFlag.rst, 0, syn.tag, 80]);
  assert.equal(resetFrame(trial({ kind: 'datagram', port: 53 })), undefined);
});

test('an ICMP error answers the probe that it quotes, whoever sent it', () => {
  for (const content of [
    { kind: 'syn', port: 80 },
    { kind: 'datagram', port: 53 },
    { kind: 'echo', packetBytes: 84 },
  ] as const) {
    const one = trial(content);
    const quoted = (decodeEthernet(probeFrame(one))?.payload ?? new Uint8Array(0)).slice(0, 28);
    const error = (body: Uint8Array) => back(IpProtocol.icmp, encodeIcmp({ type: 3, code: 13, rest: 0, body }), SERVER);
    assert.deepEqual(answer(one, error(quoted)), { kind: 'rejected', type: 3, code: 13, by: SERVER }, content.kind);
    assert.equal(answer(one, error(quoted.slice(0, 24))), undefined, 'too little is quoted');
    const elsewhere = (decodeEthernet(probeFrame(trial(content, SERVER)))?.payload ?? new Uint8Array(0)).slice(0, 28);
    assert.equal(answer(one, error(elsewhere)), undefined, 'about another address');
  }
});

test('an ICMP error about a tunnel answers the probe in it, with a mark; one about what came out of it has none', () => {
  for (const type of ['ipip', 'gre', 'gue'] as const) {
    const { probe, ...rest } = trial({ kind: 'syn', port: 80 });
    const tunnel = { type, port: type === 'gue' ? 6080 : 0, checksum: 'nocsum' } as const;
    const one: Trial = { probe: { ...probe, ttl: 2, tunnel: { tunnel, source: OURS, destination: SERVER } }, ...rest };
    const sent = decodeEthernet(probeFrame(one))?.payload ?? new Uint8Array(0);
    const error = (body: Uint8Array) => back(IpProtocol.icmp, encodeIcmp({ type: 3, code: 3, rest: 0, body }), SERVER);
    assert.deepEqual(answer(one, error(sent)), { kind: 'rejected', type: 3, code: 3, by: SERVER, tunnel: true }, type);
    assert.equal(answer(one, error(sent.slice(0, 28))), undefined, 'what is in it is not quoted');
    const inner = decodeEthernet(probeFrame({ probe: { ...probe, ttl: 2 }, ...rest }))?.payload ?? new Uint8Array(0);
    assert.deepEqual(answer(one, error(inner)), { kind: 'rejected', type: 3, code: 3, by: SERVER });
    assert.deepEqual(answer(one, segment(TcpFlag.syn | TcpFlag.ack)), { kind: 'accepted' }, 'it answers without the tunnel');
    assert.equal(answer(syn, error(sent)), undefined, 'that probe went in no tunnel');
  }
});

test('an echo and a datagram are answered by their own protocol', () => {
  const echo = trial({ kind: 'echo', packetBytes: 1500 });
  const sent = decodeEthernet(probeFrame(echo))?.payload ?? new Uint8Array(0);
  assert.deepEqual([sent.length, decodeIpv4(sent)?.flags], [1500, 2], 'whole, and not to be fragmented');
  const reply = (rest: number) => back(IpProtocol.icmp, encodeIcmp({ type: 0, code: 0, rest, body: new Uint8Array(4) }));
  assert.deepEqual(answer(echo, reply(((echo.tag << 16) | 1) >>> 0)), { kind: 'accepted' });
  assert.equal(answer(echo, reply(1)), undefined);
  const datagram = trial({ kind: 'datagram', port: 53 });
  const udp = { sourcePort: 53, destinationPort: datagram.tag, payload: new Uint8Array(1) };
  assert.deepEqual(answer(datagram, back(IpProtocol.udp, encodeUdp(udp, VIP, OURS))), { kind: 'accepted' });
  assert.equal(answer(echo, back(IpProtocol.udp, encodeUdp(udp, VIP, OURS))), undefined);
});

test('the same over IPv6, with ICMPv6 errors as those of ICMP', () => {
  const [ours, vip, server] = [ip('fd00:5::2'), ip('fd00:5::9'), ip('fd00:5::51')];
  const of = (content: ProbeContent): Trial => {
    const { probe, ...rest } = trial(content, vip);
    return { probe: { ...probe, source: ours }, ...rest };
  };
  const bytesOf = (frame: Uint8Array): Uint8Array => decodeEthernet(frame)?.payload ?? new Uint8Array(0);
  const from = (protocol: number, payload: Uint8Array, source = vip): Uint8Array =>
    encodeEthernet({
      destination: MACS.mac,
      source: MACS.nextHopMac,
      tags: [],
      etherType: EtherType.ipv6,
      payload: encodeIpv6({ source, destination: ours, protocol, hopLimit: 64, payload }),
    });
  for (const [content, protocol] of [
    [{ kind: 'syn', port: 80 }, IpProtocol.tcp],
    [{ kind: 'datagram', port: 53 }, IpProtocol.udp],
    [{ kind: 'echo', packetBytes: 1500 }, IpProtocol.icmpv6],
  ] as const) {
    const one = of(content);
    const sent = bytesOf(probeFrame(one));
    const packet = decodeIpv6(sent);
    assert.ok(packet);
    assert.deepEqual([packet.protocol, packet.source, packet.destination], [protocol, ours, vip]);
    assert.equal(internetChecksum(packet.payload, pseudoHeaderSum(ours, vip, protocol, packet.payload.length)), 0, content.kind);
    if (content.kind === 'echo') assert.equal(sent.length, 1500);
    const error = (type: number, code: number) => {
      const body = sent.slice(0, 48);
      return answer(one, from(IpProtocol.icmpv6, encodeIcmp({ type, code, rest: 0, body }), server));
    };
    assert.deepEqual(error(1, 4), { kind: 'rejected', type: 3, code: 3, by: server }, 'port unreachable');
    assert.deepEqual(error(1, 1), { kind: 'rejected', type: 3, code: 10, by: server }, 'prohibited');
    assert.deepEqual(error(1, 5), { kind: 'rejected', type: 3, code: 13, by: server }, 'policy');
    assert.deepEqual(error(2, 0), { kind: 'rejected', type: 3, code: 4, by: server }, 'too big');
    assert.deepEqual(error(3, 0), { kind: 'rejected', type: 11, code: 0, by: server }, 'hop limit');
    assert.equal(error(136, 0), undefined, 'an advertisement is no error');
  }
  const [opening, echo] = [of({ kind: 'syn', port: 80 }), of({ kind: 'echo', packetBytes: 84 })];
  const tcp = (flags: number) => encodeTcp({ ...TCP_DEFAULTS, sourcePort: 80, destinationPort: opening.tag, flags }, vip, ours);
  assert.deepEqual(answer(opening, from(IpProtocol.tcp, tcp(TcpFlag.syn | TcpFlag.ack))), { kind: 'accepted' });
  assert.deepEqual(answer(opening, from(IpProtocol.tcp, tcp(TcpFlag.rst))), { kind: 'reset' });
  assert.equal(decodeIpv6(bytesOf(resetFrame(opening) ?? new Uint8Array(0)))?.protocol, IpProtocol.tcp);
  const reply = encodeIcmp({ type: 129, code: 0, rest: ((echo.tag << 16) | 1) >>> 0, body: new Uint8Array(4) });
  assert.deepEqual(answer(echo, from(IpProtocol.icmpv6, reply)), { kind: 'accepted' });
  assert.equal(answer(echo, from(IpProtocol.icmpv6, reply, server)), undefined, 'of another address');
});
