import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isTrusted } from './keepalived-daemons.js';

test("a process is believed to be a daemon where root or we started it: its real user counts, not a setuid program's", () => {
  const status = (real: number, effective: number): string =>
    `Name:\tkeepalived\nUid:\t${real}\t${effective}\t${effective}\t0\nGid:\t0\t0\t0\t0\n`;
  assert.ok(isTrusted(status(0, 0), 1000));
  assert.ok(isTrusted(status(1000, 1000), 1000));
  assert.ok(!isTrusted(status(1000, 0), 0));
  assert.ok(!isTrusted('Name:\tUid:\t0\t0\n', 0));
  assert.ok(isTrusted(readFileSync('/proc/self/status', 'utf8'), process.getuid?.() ?? 0));
});
