import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorRow } from '../../model/errors/error-row.js';
import { type ErrorCode, errorTable } from '../../model/errors/error-table.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { MISTAKE, problemOf, problemStatus } from './problem.js';

test('no refusal of the error table is a mistake of weir, but a change that is half undone', () => {
  const rows = Object.entries(errorTable) as [ErrorCode, ErrorRow<unknown>][];
  const mistakes = rows.filter(([code, { errno, exitStatus }]) => problemStatus({ code, errno, exitStatus }) === MISTAKE);
  assert.deepEqual(
    mistakes.map(([code]) => code),
    ['change-not-undone'],
  );
});

test('what a request can do about a refusal is named as a request has it', () => {
  const { status, code, detail, title } = problemOf(new WeirError('explain-no-device'), '/v1/explain');
  assert.deepEqual([status, code, detail], [422, 'explain-no-device', 'name the interface: "device"']);
  assert.doesNotMatch(title, /--/, 'the API has no options');
  const { detail: empty } = problemOf(new WeirError('drain-leaves-no-server', { service: 'mark:1' }), '/v1/drains');
  assert.equal(empty, 'add a server first, or send "allow_empty": true');
  assert.equal(problemOf(new Error('secret'), '/').status, MISTAKE);
});
