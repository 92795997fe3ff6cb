import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyConfiguration, oneInstance } from '../../test/support/keepalived-configuration.js';
import { isAllowed, isNeeded, PROCESSES, type ProcessRow, perProcess, processesWanted, settingsOf } from './processes.js';

const allowed = (...letters: readonly string[]) => perProcess((row) => isAllowed(row, new Set(letters)));
const withVrrp = { ...emptyConfiguration, instances: [oneInstance] };

test('what the command line lets run', () => {
  assert.deepEqual(allowed(), { checker: true, vrrp: true, bfd: true });
  assert.deepEqual(allowed('B'), { checker: true, vrrp: true, bfd: false });
  assert.deepEqual(allowed('P'), { checker: false, vrrp: true, bfd: true });
  assert.deepEqual(allowed('P', 'C', 'B'), { checker: true, vrrp: true, bfd: false });
});

test('what a configuration needs of it', () => {
  assert.deepEqual(processesWanted({ parts: allowed(), all: false }, emptyConfiguration), []);
  assert.deepEqual(processesWanted({ parts: allowed(), all: false }, withVrrp), ['vrrp']);
  assert.deepEqual(processesWanted({ parts: allowed('B'), all: true }, emptyConfiguration), ['checker', 'vrrp']);
});

test("a process of weir's own needs nothing of keepalived's: it runs unless others are chosen", () => {
  const { keepalived: _, ...own }: ProcessRow = PROCESSES.bfd;
  assert.deepEqual(
    [isAllowed(own, new Set()), isAllowed(own, new Set('B')), isAllowed(own, new Set('P')), isNeeded(own, emptyConfiguration, false)],
    [true, true, false, true],
  );
  assert.deepEqual(settingsOf(own, withVrrp), { noSwap: false, cpus: [] });
});
