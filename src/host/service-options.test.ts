import assert from 'node:assert/strict';
import { test } from 'node:test';
import { optionWords } from './service-options.js';

test('the last line of the variable counts, with or without quotes', () => {
  assert.deepEqual(optionWords('# Options\nDAEMON_ARGS="-D -V"\n', 'DAEMON_ARGS'), ['-D', '-V']);
  assert.deepEqual(optionWords("KEEPALIVED_OPTIONS='-D'\nKEEPALIVED_OPTIONS=-I", 'KEEPALIVED_OPTIONS'), ['-I']);
  assert.deepEqual(optionWords('#DAEMON_ARGS="-V"\nOTHER=-I\n', 'DAEMON_ARGS'), []);
});
