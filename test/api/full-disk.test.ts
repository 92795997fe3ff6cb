// The journal of changes on a disk that is full: what is refused leaves no entry, what was changed is answered as such, and later entries are whole.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Journal } from '../../src/api/changes/journal.js';
import { MemoryDirector } from '../../src/datapath/memory/memory-director.js';
import { field, parseJson } from '../../src/model/json.js';
import { changingSources, memoryStore, testApi } from '../support/api.js';

const full = (): Error => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });

function bed() {
  const store = memoryStore();
  /** So many lines are written whole; of the next one a part is. */
  const disk = { lines: Number.POSITIVE_INFINITY };
  const append = (line: string): void => {
    if (disk.lines-- > 0) store.append(line);
    else {
      store.append(line.slice(0, 9));
      throw full();
    }
  };
  const logged: string[] = [];
  const director = new MemoryDirector();
  const held = {
    ...store,
    append,
    get text() {
      return store.text;
    },
  };
  const sources = changingSources(director, held, (_, text) => logged.push(text));
  const api = testApi({ sources });
  const put = (port: number) =>
    api(`/v1/services/tcp:192.0.2.1:${port}`, { method: 'PUT', body: '{"servers":["10.0.0.1:80"]}', headers: { 'if-match': '*' } });
  return { disk, store, sources, director, logged, put };
}

test('a change whose entry cannot be written is refused and leaves none; the next entry is a line of its own', async () => {
  const { disk, store, sources, director, put } = bed();
  disk.lines = 0;
  const refused = await put(1);
  assert.deepEqual([refused.status, field(parseJson(refused.text), 'code')], [503, 'api-journal']);
  assert.deepEqual([director.services().length, sources.journal.all().length], [0, 0]);
  disk.lines = 2;
  assert.equal((await put(2)).status, 200);
  assert.deepEqual(new Journal(memoryStore(store.text), () => {}).all(), sources.journal.all());
  assert.equal(sources.journal.all().length, 1);
});

test('a change whose end cannot be written is in force, and is answered as such', async () => {
  const { disk, store, sources, director, logged, put } = bed();
  disk.lines = 1;
  assert.equal((await put(1)).status, 200);
  assert.equal(director.services().length, 1);
  assert.notEqual(sources.journal.all()[0]?.after, null);
  assert.match(logged.join(), /^the journal of changes lacks what became of change .*ENOSPC/);
  assert.equal(new Journal(memoryStore(store.text), () => {}).all()[0]?.after, null);
});

test('an entry behind half a line that a killed process left is read', () => {
  const store = memoryStore('{"id":"half');
  const entry = { id: 'a', at: '', author: '', before: '', commands: [], of: null, undo: null };
  new Journal(store, () => {}).begin(entry);
  assert.deepEqual(new Journal(memoryStore(store.text), () => {}).all(), [{ ...entry, after: null }]);
});
