import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryDirector } from '../../datapath/memory/memory-director.js';
import { tableOpener } from './table-opener.js';

test('a notice that each opening repeats is logged when it comes, and again after it was gone', () => {
  const logged: string[] = [];
  let found: readonly string[] = [];
  let busy = false;
  const open = tableOpener(
    (onNotice) => {
      if (busy) throw new Error('busy');
      for (const text of found) onNotice(text);
      return new MemoryDirector();
    },
    (level, text) => logged.push(`${level}: ${text}`),
  );
  const openings = (...texts: readonly string[]): readonly string[] => {
    found = texts;
    open();
    return logged.splice(0);
  };
  assert.deepEqual(openings('rules', 'rules'), ['warning: rules']);
  assert.deepEqual(openings('rules'), []);
  busy = true;
  assert.throws(open, /busy/);
  busy = false;
  assert.deepEqual(openings('rules', 'card'), ['warning: card'], 'an opening that failed found nothing');
  assert.deepEqual(openings(), []);
  assert.deepEqual(openings('rules'), ['warning: rules']);
});
