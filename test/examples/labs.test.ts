// The examples that labs run are what the labs run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ha } from '../../src/lab/labs/ha.js';
import { miscCheckConfiguration, SITE_CHECK } from '../../src/lab/labs/misc-check.js';
import { read } from '../support/project.js';

/** Without the comment at its begin. */
const example = (name: string): string => read(`examples/keepalived/${name}`).replace(/^(?:#.*\n)*/, '');

test('the files of weir lab ha', () => {
  for (const name of ['lvs1', 'lvs2']) assert.equal(example(`ha-${name}.conf`), ha.hosts[name]?.files?.['keepalived.conf']);
});

test('the files of weir lab misc-check, but for the folder of the script', () => {
  assert.equal(example('misc-check.conf'), miscCheckConfiguration('/etc/keepalived'));
  assert.equal(read('examples/keepalived/sysesunnycheck.sh'), SITE_CHECK);
});
