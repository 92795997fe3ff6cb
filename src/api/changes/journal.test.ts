// A journal that two processes of the API write: weir run has one, and weir api serve at other sockets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStore } from '../../../test/support/api.js';
import { Journal } from './journal.js';

test('what another process of the API writes into the same journal is there, can be taken back, and is kept', () => {
  const store = memoryStore();
  const lines: string[] = [];
  const [one, other] = [new Journal(store, (_level, text) => lines.push(text)), new Journal(store, (_level, text) => lines.push(text))];
  const write = (journal: Journal, id: string): void => {
    const undo = { services: [], timeouts: { tcp: 1, tcpFin: 1, udp: Number(id) } };
    journal.begin({ id, at: '', author: '', before: '"0"', commands: [], of: null, undo });
    journal.end(id, '"1"');
  };
  for (let id = 1; id <= 6; id++) write(id % 2 === 0 ? one : other, String(id));
  const ids = (journal: Journal): string =>
    journal
      .all()
      .map((entry) => `${entry.id}${entry.after ?? '-'}`)
      .join(' ');
  assert.deepEqual([ids(one), ids(other)], ['6"1" 5"1" 4"1" 3"1" 2"1" 1"1"', '6"1" 5"1" 4"1" 3"1" 2"1" 1"1"']);
  assert.equal(one.undoOf('5').timeouts?.udp, 5);
  one.begin({ id: '7', at: '', author: '', before: '"1"', commands: [], of: null, undo: null });
  write(other, '8');
  one.end('7', '"2"');
  assert.equal(ids(other).slice(0, 11), '8"1" 7"2" 6');
  assert.deepEqual([ids(new Journal(store, () => {})), lines], [ids(one), []]);
});
