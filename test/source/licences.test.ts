// Which licence holds where: the datapath for the kernel under two, all else under Apache-2.0, and the texts stand in the project.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesUnder, read } from '../support/project.js';

test('every source of the datapath names both its licences in the first line', () => {
  const sources = filesUnder('bpf').filter((file) => /\.[ch]$/.test(file));
  assert.ok(sources.length > 3);
  const wrong = sources.filter(
    (file) => !/SPDX-License-Identifier: \(?GPL-2\.0-only OR BSD-2-Clause\)?/.test(read(file).split('\n')[0] ?? ''),
  );
  assert.deepEqual(wrong, []);
});

test('the licence texts are whole', () => {
  assert.match(read('LICENSE'), /Apache License\s+Version 2\.0, January 2004[\s\S]*END OF TERMS AND CONDITIONS/);
  assert.match(read('bpf/LICENSE.GPL-2.0'), /GNU GENERAL PUBLIC LICENSE\s+Version 2, June 1991[\s\S]*END OF TERMS AND CONDITIONS/);
  assert.match(
    read('bpf/LICENSE.BSD-2-Clause'),
    /Redistribution and use in source and binary forms[\s\S]*ARISING IN ANY WAY OUT OF THE USE/,
  );
  assert.equal(JSON.parse(read('package.json')).license, 'Apache-2.0');
});
