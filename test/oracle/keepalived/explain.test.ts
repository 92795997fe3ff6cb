// The output of explain has the meaning of its input: every fifth of the recorded configurations is explained and read again.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { explain } from '../../../src/config/keepalived/explain/explain.js';
import type { KeepalivedConfiguration } from '../../../src/model/keepalived/configuration.js';
import { readText } from '../../support/keepalived.js';
import { root } from '../../support/project.js';
import { readRecorded } from './recorded.js';

/** Keywords without effect have other lines in another text. */
const withoutPlaces = (configuration: KeepalivedConfiguration): KeepalivedConfiguration => ({
  ...configuration,
  global: { ...configuration.global, notActedOn: [] },
});

test('explained configurations mean the same', () => {
  let tried = 0;
  for (const [index, { name, files }] of readRecorded(join(root, 'test/oracle/keepalived/config.json.gz')).entries()) {
    const text = files['keepalived.conf'];
    if (typeof text !== 'string' || index % 5 !== 0) continue;
    const { read } = readText(text);
    if (read.configuration === undefined) continue;
    const again = readText(explain(read.values, read.configuration, read.diagnostics));
    assert.deepEqual(withoutPlaces(again.configuration), withoutPlaces(read.configuration), name);
    tried++;
  }
  assert.ok(tried > 500, `${tried} were tried`);
});
