import assert from 'node:assert/strict';
import { test } from 'node:test';
import { native } from '../addon.js';
import { NetlinkMonitor } from './netlink-monitor.js';

const NOBODY = 65534;

test('without the right to a long queue the usual one will do, at a reload, too; one that was asked for is told', () => {
  // While it may still be read: the checkout may be root's alone.
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
