import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../test/support/ip.js';
import { emptyConfiguration, oneInstance } from '../../test/support/keepalived-configuration.js';
import { isAllowed, isNeeded, PROCESSES, type ProcessRow, perProcess, processesWanted, settingsOf } from './processes.js';

const allowed = (...letters: readonly string[]) => perProcess((row) => isAllowed(row, new Set(letters)));
const withVrrp = { ...emptyConfiguration, instances: [oneInstance] };
const peer = { address: ip('10.8.9.2'), port: 8848 };
const stream = { key: '/etc/weir/sync.key', listen: { ...peer, address: ip('0.0.0.0') }, peers: [peer] };
const withStream = { ...emptyConfiguration, global: { ...emptyConfiguration.global, lvsSyncStream: stream } };

test('what the command line lets run', () => {
  assert.deepEqual(allowed(), { checker: true, vrrp: true, bfd: true, sync: true, proxy: true, feedback: true, api: true });
  assert.deepEqual(allowed('B'), { checker: true, vrrp: true, bfd: false, sync: true, proxy: true, feedback: true, api: true });
  assert.deepEqual(allowed('P'), { checker: false, vrrp: true, bfd: true, sync: false, proxy: false, feedback: false, api: false });
  assert.deepEqual(allowed('P', 'C', 'B'), {
    checker: true,
    vrrp: true,
    bfd: false,
    sync: false,
    proxy: false,
    feedback: false,
    api: false,
  });
});

test('what a configuration needs of it', () => {
  assert.deepEqual(processesWanted({ parts: allowed(), all: false }, emptyConfiguration), []);
  assert.deepEqual(processesWanted({ parts: allowed(), all: false }, withVrrp), ['vrrp']);
  assert.deepEqual(processesWanted({ parts: allowed('B'), all: true }, emptyConfiguration), ['checker', 'vrrp']);
});

test('the API is there with a weir.yaml, unless that switches it off', () => {
  const wanted = (weir: (typeof emptyConfiguration)['weir']) =>
    processesWanted({ parts: allowed(), all: false }, weir === undefined ? emptyConfiguration : { ...emptyConfiguration, weir });
  assert.deepEqual([wanted(undefined), wanted({}), wanted({ api: { enabled: false } })], [[], ['api'], []]);
});

test("a process of weir's own needs nothing of keepalived's: it runs unless others are chosen", () => {
  const own: ProcessRow = PROCESSES.sync;
  assert.deepEqual(
    [
      isAllowed(own, new Set()),
      isAllowed(own, new Set('B')),
      isAllowed(own, new Set('P')),
      isNeeded(own, emptyConfiguration, true),
      isNeeded(own, withStream, false),
    ],
    [true, true, false, false, true],
  );
  assert.deepEqual(settingsOf(own, withVrrp), { noSwap: false, cpus: [] });
});
