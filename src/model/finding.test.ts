// The finding's text and JSON, its order and the exit status that follows from it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Finding, findingJson, findingsStatus, findingText, sortedFindings } from './finding.js';

const WARNING: Finding = {
  severity: 'warning',
  code: 'equal-priorities',
  at: { file: 'a.conf', line: 4 },
  what: 'V1 has the same priority on both nodes',
  cause: 'the higher address wins',
  fix: 'priority 90 on one node',
};
const ERROR: Finding = { severity: 'error', code: 'table-empty', what: 'no service', cause: 'nothing was added' };
const INFO: Finding = { severity: 'info', code: 'not-looked-at', what: 'nft', cause: 'no permission' };

test('text: place, what, cause, fix; JSON: the same in fields', () => {
  assert.equal(
    findingText(WARNING),
    'WARN   a.conf:4: V1 has the same priority on both nodes: the higher address wins — fix: priority 90 on one node',
  );
  assert.equal(findingText(ERROR), 'ERROR  no service: nothing was added');
  const there: Finding = { ...ERROR, fix: 'ip link set eth0 up', on: '10.0.0.9', advice: 'see the cable' };
  assert.equal(findingText(there), 'ERROR  no service: nothing was added — fix: on 10.0.0.9: ip link set eth0 up — advice: see the cable');
  assert.deepEqual(findingJson(there), there);
  const { at, ...fields } = WARNING;
  assert.deepEqual(findingJson(WARNING), { ...fields, ...at });
  assert.deepEqual(findingJson(ERROR), ERROR);
});

test('the worst comes first, and the same text once', () => {
  assert.deepEqual(sortedFindings([INFO, WARNING, ERROR, { ...WARNING }]), [ERROR, WARNING, INFO]);
});

test('the status follows the worst', () => {
  assert.deepEqual([[INFO], [INFO, WARNING], [WARNING, ERROR], []].map(findingsStatus), [0, 1, 2, 0]);
});
