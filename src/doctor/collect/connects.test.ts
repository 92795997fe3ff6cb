import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import { encodeIcmp } from '../../wire/icmp.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../wire/ipv4.js';
import { encodeTcp, TCP_DEFAULTS } from '../../wire/tcp.js';
import { icmpAbout, otherPorts, SILENT_MAX, tryEach } from './connects.js';

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

test('of thousands that were refused, no more ports are made up than are tried', () => {
  const destinations = Array.from({ length: 4000 }, (_, k) => ({ address: server, port: k + 1 }));
  const refused = destinations.slice(0, 2000).map((one) => ({ ...one, error: 'ECONNREFUSED' }));
  let asked = 0;
  const counting = destinations.map((one) => ({
    ...one,
    get port() {
      asked += 1;
      return one.port;
    },
  }));
  assert.equal(otherPorts(refused, [{ port: 80, destinations: counting }], 100).length, 100);
  assert.ok(asked <= 4 * destinations.length, `${asked} ports read`);
});

test('no more real servers are tried when many were silent', async () => {
  const targets = Array.from({ length: 4096 }, (_, k) => ({ address: server, port: k + 1 }));
  const tried = async (silent: (port: number) => boolean): Promise<number> => {
    let attempts = 0;
    const facts = await tryEach(targets, async ({ address, port }) => {
      attempts += 1;
      await Promise.resolve();
      return { address, port, ...(silent(port) ? { error: 'ETIMEDOUT' } : {}) };
    });
    assert.equal(facts.length, attempts);
    return attempts;
  };
  assert.equal(await tried(() => false), targets.length);
  assert.equal(await tried((port) => port % 8 === 0), targets.length, 'some of them');
  const attempts = await tried(() => true);
  assert.ok(attempts >= SILENT_MAX && attempts <= SILENT_MAX + 512, `${attempts}`);
});
