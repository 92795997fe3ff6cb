import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IpProtocol } from '../../model/ip-protocol.js';
import { openFds } from '../fd.js';
import { RawReceiver, RawSender } from './raw-socket.js';
import { UdpSocket } from './udp-socket.js';

const MISSING = 'weir-none';
const root = { skip: process.getuid?.() !== 0 };

test('a socket that cannot be prepared is closed, and the error is the system’s', root, () => {
  const before = openFds();
  assert.throws(() => new RawReceiver('inet', IpProtocol.vrrp, MISSING), { code: 'ENODEV' });
  assert.throws(() => new RawSender('inet6', MISSING, 0), { code: 'ENODEV' });
  assert.throws(() => new UdpSocket('inet', MISSING, 0, 0), { code: 'ENODEV' });
  assert.deepEqual(openFds(), before);
});
