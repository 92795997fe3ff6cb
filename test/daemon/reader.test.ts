// The process that reads the configuration at a reload: its answer, its end, and what it may take.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readOptions } from '../../src/cli/keepalived/options.js';
import { readInReader } from '../../src/daemon/reader/reader.js';
import { ENTRY } from '../support/netns-bed.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-reader-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'conf');
process.argv[1] = ENTRY;

const asked = readOptions(['-f', path]);
assert.ok(asked.kind === 'run');
const { options } = asked;
const read = (text: string, heapMib?: number) => {
  writeFileSync(path, text);
  return readInReader({ options, seed: 7 }, heapMib);
};
const instance = (text: string): string => `vrrp_instance VI_1 {
  interface lo0
  virtual_router_id 51
  virtual_ipaddress { 10.0.0.1 }
  ${text}
}
`;

test('it answers with the configuration, the messages and, where wanted, what was read', async () => {
  const save = join(folder, 'saved');
  const text = `global_defs {\n config_save_dir ${save}\n}\n${instance('priority ${_RANDOM 1 254}\n nonsense')}`;
  const [one, two] = [await read(text), await read(text)];
  assert.equal(one.outcome, 'errors');
  assert.equal(one.damage?.length, 1);
  assert.ok(one.messages.some((message) => message.text.includes("Unknown keyword 'nonsense'")));
  assert.deepEqual(one.files, [{ path, text }]);
  assert.equal(one.configuration?.instances[0]?.priority, two.configuration?.instances[0]?.priority, 'chance is the daemon’s own');
});

test('a configuration that needs more memory than it may have is refused with the reason', async () => {
  const { outcome, messages, configuration } = await read(`~SEQ(N, 1, 60000) vrrp_instance V$N { }\n`, 24);
  assert.deepEqual([outcome, configuration], ['fatal', undefined]);
  assert.equal(messages[0]?.text, 'reading the configuration takes more than 24 MiB of memory');
});
