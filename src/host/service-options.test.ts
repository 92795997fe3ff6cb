import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { optionWords, serviceOptions } from './service-options.js';

test('the last line of the variable counts, with or without quotes', () => {
  assert.deepEqual(optionWords('# Options\nDAEMON_ARGS="-D -V"\n', 'DAEMON_ARGS'), ['-D', '-V']);
  assert.deepEqual(optionWords("KEEPALIVED_OPTIONS='-D'\nKEEPALIVED_OPTIONS=-I", 'KEEPALIVED_OPTIONS'), ['-I']);
  assert.deepEqual(optionWords('#DAEMON_ARGS="-V"\nOTHER=-I\n', 'DAEMON_ARGS'), []);
});

test('the files of both families of systems are read, and need not be there', () => {
  const root = mkdtempSync(join(tmpdir(), 'weir-options-'));
  try {
    assert.deepEqual(serviceOptions(root), []);
    mkdirSync(join(root, 'etc/default'), { recursive: true });
    mkdirSync(join(root, 'etc/sysconfig'));
    writeFileSync(join(root, 'etc/default/keepalived'), 'DAEMON_ARGS="-D"\n');
    writeFileSync(join(root, 'etc/sysconfig/keepalived'), 'KEEPALIVED_OPTIONS="-I"\n');
    assert.deepEqual(serviceOptions(root), ['-D', '-I']);
  } finally {
    rmSync(root, { recursive: true });
  }
});
