import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import { encodeIcmp } from '../../wire/icmp.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../wire/ipv4.js';
import { encodeTcp, TCP_DEFAULTS } from '../../wire/tcp.js';
import { icmpAbout, otherPorts } from './connects.js';

const [ours, server, router] = [ip('10.5.0.2'), ip('10.5.0.51'), ip('10.5.0.1')];

test('an ICMP error names the endpoint that a connect was sent to', () => {
  const tcp = encodeTcp({ ...TCP_DEFAULTS, sourcePort: 50_000, destinationPort: 80 }, ours, server);
  const syn = encodeIpv4({ ...IPV4_DEFAULTS, protocol: IpProtocol.tcp, source: ours, destination: server, payload: tcp });
  const error = (type: number, body: Uint8Array) => {
    const payload = encodeIcmp({ type, code: 13, rest: 0, body });
    return encodeIpv4({ ...IPV4_DEFAULTS, protocol: IpProtocol.icmp, source: router, destination: ours, payload });
  };
  const about = { endpoint: { address: server, port: 80 }, icmp: { type: 3, code: 13, by: router } };
  assert.deepEqual(icmpAbout(error(3, syn.slice(0, 28))), about);
  assert.equal(icmpAbout(error(0, syn.slice(0, 28))), undefined, 'no error');
  assert.equal(icmpAbout(error(3, syn.slice(0, 20))), undefined, 'no ports');
  assert.equal(icmpAbout(syn), undefined);
});

test('where a port is refused, those that may have been meant are tried once', () => {
  const of = (port: number, error?: string) => ({ address: server, port, ...(error === undefined ? {} : { error }) });
  const services = [{ port: 80, destinations: [of(8080), { address: router, port: 8081 }, { address: router, port: 0 }] }];
  assert.deepEqual(otherPorts([of(8080, 'ECONNREFUSED')], services), [of(80), of(8081)]);
  assert.deepEqual(otherPorts([of(8080, 'ECONNREFUSED'), of(80)], services), [of(8081)], 'not again');
  assert.deepEqual(otherPorts([of(8080, 'ETIMEDOUT')], services), []);
});
