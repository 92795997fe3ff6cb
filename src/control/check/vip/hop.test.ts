// From which address, by which interface and to which MAC VIP_CHECK sends, and what keeps it from that.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../../test/support/ip.js';
import { hopTo, type Surroundings } from './hop.js';

const [SERVER, VIP, ROUTER] = [ip('10.5.0.51'), ip('192.0.2.9'), ip('10.6.0.1')];
const address = (text: string, prefixLength: number, ifindex = 2) => ({ ifindex, address: ip(text), prefixLength });
const AROUND: Surroundings = {
  route: { ifindex: 2, isLocal: false },
  device: { name: 'eth1', mac: '02:00:00:00:00:01' },
  addresses: [address('10.5.0.9', 32), address('10.7.0.2', 24), address('10.5.0.2', 24), address('10.5.0.3', 24, 3)],
  neighbour: '02:00:00:00:00:51',
};
const hop = (more: Partial<Surroundings> = {}) => hopTo(SERVER, [VIP], { ...AROUND, ...more });
const source = (more: Partial<Surroundings> = {}) => {
  const found = hop(more);
  return found.kind === 'hop' ? found.hop.source : found.text;
};

test('the source is an address in the network of the next hop, if there is one, and never a VIP', () => {
  assert.deepEqual(source(), ip('10.5.0.2'));
  assert.deepEqual(source({ route: { ifindex: 2, gateway: ROUTER, isLocal: false } }), ip('10.7.0.2'), 'another network');
  assert.deepEqual(source({ addresses: [address('192.0.2.9', 24), address('10.5.0.9', 32)] }), ip('10.5.0.9'), 'alone');
  assert.equal(source({ addresses: [address('192.0.2.9', 24)] }), 'eth1 has no address but VIPs that a server could answer');
});

test('a server that is this host, or that is behind no Ethernet, is no verdict; one without a route fails', () => {
  const kind = (more: Partial<Surroundings>) => {
    const found = hop(more);
    return [found.kind, found.kind === 'hop' ? found.hop.next : found.text];
  };
  assert.deepEqual(kind({ route: { ifindex: 1, isLocal: true } }), ['not-made', 'the real server is this host itself']);
  assert.deepEqual(kind({ device: { name: 'wg0' } }), ['not-made', 'wg0 carries no Ethernet frames']);
  assert.deepEqual(kind({ route: undefined }), ['failed', 'no route to the real server']);
  assert.deepEqual(kind({ device: undefined }), ['failed', 'no route to the real server']);
  assert.deepEqual(kind({}), ['hop', SERVER]);
  assert.deepEqual(kind({ route: { ifindex: 2, gateway: ROUTER, isLocal: false } }), ['hop', ROUTER]);
});

test('IPv6: a global address of the network of the next hop; a link-local one where the server itself is the next hop', () => {
  const [server, vip, gateway] = [ip('2001:db8:5::51'), ip('2001:db8::9'), ip('fe80::1')];
  const [linkLocal, near, far] = [address('fe80::2', 64), address('2001:db8:5::2', 64), address('2001:db8:7::2', 64)];
  const from = (addresses: Surroundings['addresses'], route: Surroundings['route'] = { ifindex: 2, isLocal: false }) => {
    const found = hopTo(server, [vip], {
      ...AROUND,
      addresses: [address('10.5.0.2', 24), address('2001:db8::9', 128), ...addresses],
      route,
    });
    return found.kind === 'hop' ? found.hop.source : found.text;
  };
  assert.deepEqual(from([linkLocal, address('2001:db8:5::9', 128), far, near]), ip('2001:db8:5::2'));
  assert.deepEqual(from([linkLocal, far]), ip('2001:db8:7::2'));
  assert.deepEqual(from([linkLocal]), ip('fe80::2'));
  const routed = { ifindex: 2, gateway, isLocal: false };
  assert.deepEqual(from([linkLocal, far, near], routed), ip('2001:db8:7::2'), 'whose network has the router is not known');
  assert.equal(from([linkLocal], routed), 'eth1 has no address but VIPs that a server could answer');
});
