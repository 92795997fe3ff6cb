import assert from 'node:assert/strict';
import { test } from 'node:test';
import { native } from '../addon.js';
import { NetlinkMonitor } from './netlink-monitor.js';

const NOBODY = 65534;

test('without CAP_NET_ADMIN the default buffer stays, at a reload, too; a configured size that is refused is an error', () => {
  // Loaded before the change of user: only root may be able to read the checkout.
  native();
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(NOBODY);
  try {
    const monitor = new NetlinkMonitor(0, { changes: () => {}, overrun: () => {} });
    try {
      monitor.receiveBuffer();
      monitor.receiveBuffer(1 << 16, false);
      assert.throws(() => monitor.receiveBuffer(1 << 16, true), { code: 'EPERM' });
    } finally {
      monitor.close();
    }
  } finally {
    if (root) process.seteuid?.(0);
  }
});
