// Which drain a server's row shows, and what it prints of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { someDrain, someServer, someService } from '../../test/support/dashboard-values.js';
import type { Drain } from './api-values.js';
import { drainText } from './drain-rows.js';
import { holdsBy } from './holds.js';
import { serviceRows } from './server-rows.js';

const SERVICES = [
  someService([someServer('10.0.0.2:8080'), someServer('10.0.0.3:8080')]),
  someService([someServer('[2001:db8::2]:8080')], { id: 'tcp:[2001:db8::1]:80', address: '2001:db8::1', family: 'inet6' }),
  someService([someServer('10.0.0.2:8080')], { id: 'mark:5', mark: 5 }),
];
const rows = serviceRows({ services: SERVICES }, undefined, 0).flatMap(({ servers }) => servers);
const [FIRST, SECOND, SIX, MARKED] = [0, 1, 2, 3];

/** Of each row the drain that it shows. */
const shown = (...drains: readonly Drain[]): readonly (string | undefined)[] =>
  rows.map((row) => holdsBy({ drains }, undefined)(row).drain?.id);

/** The rows that show a drain of this target alone. */
const rowsOf = (target: string): readonly number[] => shown(someDrain(target)).flatMap((id, row) => (id === undefined ? [] : [row]));

test('a target is an address, an address with its port, a service, or a server of a service; of both families, and by mark', () => {
  assert.deepEqual(rowsOf('10.0.0.2'), [FIRST, MARKED]);
  assert.deepEqual(rowsOf('10.0.0.3:8080'), [SECOND]);
  assert.deepEqual(rowsOf('10.0.0.3:80'), []);
  assert.deepEqual(rowsOf('tcp:192.0.2.1:80'), [FIRST, SECOND]);
  assert.deepEqual(rowsOf('mark:5/10.0.0.2:8080'), [MARKED]);
  assert.deepEqual(rowsOf('2001:db8::2'), [SIX]);
  assert.deepEqual(rowsOf('[2001:db8::2]:8080'), [SIX]);
  assert.deepEqual(rowsOf('tcp:[2001:db8::1]:80/[2001:db8::2]:8080'), [SIX]);
  assert.deepEqual(rowsOf('director'), []);
});

test('what a drain names for the sake of persistent clients is shown with it', () => {
  assert.equal(shown(someDrain('10.0.0.2:8080', { also: ['tcp:192.0.2.1:80/10.0.0.3:8080'] }))[SECOND], '10.0.0.2:8080');
});

test('of several that hold a server the newest one is shown, whatever each names; one that holds nothing is not', () => {
  const [server, service] = [someDrain('10.0.0.2:8080'), someDrain('tcp:192.0.2.1:80')];
  assert.equal(shown(server, service)[FIRST], 'tcp:192.0.2.1:80');
  assert.equal(shown(service, server)[FIRST], '10.0.0.2:8080');
  assert.equal(shown(service, { ...server, state: 'cancelled', holds: false })[FIRST], 'tcp:192.0.2.1:80');
});

test('before the drains are read none is shown', () => {
  assert.equal(holdsBy(undefined, undefined)(rows[FIRST]!).drain, undefined);
});

test('what is left, and until when; after the end how it ended', () => {
  const drain = someDrain('10.0.0.2');
  assert.equal(drainText(drain), '12 left, 4m10s');
  assert.equal(drainText({ ...drain, remaining: null }), '4m10s');
  assert.equal(drainText({ ...drain, state: 'deadline', deadlineInS: 0 }), 'deadline, 12 left');
  assert.equal(drainText({ ...drain, state: 'deadline', remaining: null }), 'deadline');
  assert.equal(drainText({ ...drain, state: 'empty', remaining: { open: 0, over: 3, persistent: 0 } }), 'empty');
});
