// Tunnel devices and ports of GUE as route and generic netlink have them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../test/support/ip.js';
import fc from '../../test/support/properties.js';
import { decodeFamilyNamed, lookUpFamily } from './ethtool.js';
import { addGuePort, decodeGuePort } from './gue-ports.js';
import { addTunnelLink, decodeTunnelLink } from './rtnetlink-tunnel.js';

test('what is asked for is what such a device is listed with', () => {
  const of = (tunnel: Parameters<typeof addTunnelLink>[0]) => decodeTunnelLink(addTunnelLink(tunnel).payload);
  const plain = { name: 't', checksum: false } as const;
  assert.deepEqual(of({ ...plain, kind: 'ipip' }), { kind: 'ipip', external: true, checksum: false });
  assert.deepEqual(of({ ...plain, kind: 'sit' }), { kind: 'sit', external: false, checksum: false });
  assert.deepEqual(of({ ...plain, kind: 'ip6tnl' }), { kind: 'ip6tnl', external: true, checksum: false, protocol: 0 });
  const remote = ip('192.0.2.1');
  assert.deepEqual(of({ ...plain, kind: 'gre', remote, checksum: true }), { kind: 'gre', remote, external: false, checksum: true });
  const six = ip('2001:db8::1');
  assert.deepEqual(of({ ...plain, kind: 'ip6gre', remote: six }), { kind: 'ip6gre', remote: six, external: false, checksum: false });
});

test('the bytes are those of if_tunnel.h and fou.h', () => {
  const bytes = Buffer.from(addTunnelLink({ name: 'a', kind: 'gre', remote: ip('192.0.2.1'), checksum: true }).payload).toString('hex');
  // Flags of what comes in (2, big-endian) and the remote address (7), in the data (2) of the link info (18).
  assert.match(bytes, /060002008000....08000700c0000201$/);
  const port = Buffer.from(addGuePort(30, { family: 'inet6', port: 6080 }).payload).toString('hex');
  assert.equal(port, `01010000${'0600010017c00000'}${'050002000a000000'}${'0500040002000000'}`);
});

test('other links and ports are none, and garbage is no failure', () => {
  const port = { family: 'inet', port: 6080 } as const;
  assert.deepEqual(decodeGuePort(addGuePort(30, port).payload), port);
  const plainFou = addGuePort(30, port).payload.slice();
  plainFou[plainFou.length - 4] = 1;
  assert.equal(decodeGuePort(plainFou), undefined, 'FOU without GUE');
  assert.equal(decodeFamilyNamed(lookUpFamily('fou').payload, 'nl80211'), undefined);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (garbage) => {
      decodeTunnelLink(garbage);
      decodeGuePort(garbage);
      decodeFamilyNamed(garbage, 'fou');
    }),
  );
});
