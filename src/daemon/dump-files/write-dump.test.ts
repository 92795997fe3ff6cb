import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { emptyGlobal } from '../../../test/support/keepalived-configuration.js';
import { SavedFiles } from '../supervisor/reload/saved-files.js';
import { ReloadRecord } from './reload-record.js';
import { dataPath, dumpPath } from './write-dump.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-dump-file-'));
after(() => rmSync(folder, { recursive: true }));
const standard = process.env['TMPDIR'] ?? '/tmp';

test('each process has its own file of state, each instance too where that is wanted', () => {
  const wanted = { ...emptyGlobal, dumpsPerInstance: true };
  assert.equal(dataPath('', emptyGlobal, '_blue'), `${standard}/keepalived.data`);
  assert.equal(dataPath('_parent', wanted), `${standard}/keepalived_parent.data`);
  assert.equal(dataPath('_check', wanted, '_ns1_blue'), `${standard}/keepalived_check.ns1_blue.data`);
  assert.equal(dataPath('', { ...wanted, dumpFiles: { state: '/x/state.txt' } }, '_blue'), '/x/state.blue.txt');
  assert.equal(dataPath('_parent', { ...emptyGlobal, dumpFiles: { state: '/x/' } }), '/x/keepalived_parent.data');
  assert.equal(dataPath('_bfd', { ...emptyGlobal, dumpFiles: { state: '/x/plain' } }), '/x/plain_bfd');
});

test('other dumps go to their file, or by their usual name to a folder', () => {
  assert.equal(dumpPath('keepalived.stats'), `${standard}/keepalived.stats`);
  assert.equal(dumpPath('keepalived.stats', '/x/'), '/x/keepalived.stats');
  assert.equal(dumpPath('keepalived.stats', '/x/y'), '/x/y');
  assert.equal(dumpPath('keepalived.stats', 'x/'), `${standard}/x/keepalived.stats`);
  assert.equal(dumpPath('keepalived.stats', 'y'), `${standard}/y`);
});

test('config_save_dir keeps what was read and what came of it', async () => {
  const place = join(folder, 'saved');
  const global = { ...emptyGlobal, saveDirectory: place };
  const logged: string[] = [];
  const log = (_: unknown, text: string): void => void logged.push(text);
  const saved = new SavedFiles(log);
  saved.save(emptyGlobal, [{ path: 'none', text: '' }]);
  const files = [
    { path: '/etc/k.conf', text: 'include x' },
    { path: '/etc/x', text: 'global_defs {\n}\n' },
  ];
  saved.save(global, files);
  saved.save(global, []);
  assert.equal(
    readFileSync(join(place, `keepalived.conf.${process.pid}.0`), 'utf8'),
    '# /etc/k.conf\ninclude x\n# /etc/x\nglobal_defs {\n}\n',
  );
  let state = 'old';
  const record = new ReloadRecord('vrrp', () => state, log);
  await record.around(emptyGlobal, emptyGlobal, () => {});
  await record.around(global, global, () => {
    state = 'new';
  });
  assert.equal(readFileSync(join(place, `keepalived_vrrp.${process.pid}.2.pre`), 'utf8'), 'old');
  assert.equal(readFileSync(join(place, `keepalived_vrrp.${process.pid}.2.post`), 'utf8'), 'new');
  assert.equal(readdirSync(place).length, 4);
  saved.save({ ...global, saveDirectory: join(folder, 'a', 'b') }, []);
  assert.match(logged.join(), /^Unable to create config_save_dir /);
});
