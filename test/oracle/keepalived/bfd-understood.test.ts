// Compares keepalived's data dump of each recorded bfd_instance (written at the end of -t) with weir's model.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { readKeepalived } from '../../../src/config/keepalived/read.js';
import { bfdSettings } from '../../../src/dump/bfd.js';
import { root } from '../../support/project.js';
import { filesOf, isComparable, readRecorded } from './recorded.js';

const here = join(root, 'test/oracle/keepalived');
const recorded = JSON.parse(gunzipSync(readFileSync(join(here, 'bfd-understood.json.gz'))).toString('utf8')) as {
  /** The result of most files. */
  readonly base: readonly string[];
  readonly cases: Readonly<Record<string, 'base' | readonly string[]>>;
};

test('every bfd_instance gives the values that keepalived has', () => {
  let compared = 0;
  const wrong: Record<string, unknown> = {};
  for (const each of readRecorded(join(here, 'config.json.gz')).filter(isComparable)) {
    const found = recorded.cases[each.name];
    if (found === undefined) continue;
    const { configuration } = readKeepalived(filesOf(each), {
      path: 'keepalived.conf',
      directory: '/DIR',
      configId: 'vm',
      environment: {},
    });
    if (configuration === undefined) continue;
    compared++;
    const theirs = found === 'base' ? recorded.base : found;
    const ours = configuration.bfds.flatMap(bfdSettings);
    if (JSON.stringify(ours) !== JSON.stringify(theirs)) wrong[each.name] = { theirs, ours };
  }
  assert.ok(compared > 200, `${compared}`);
  assert.deepEqual(wrong, {});
});
