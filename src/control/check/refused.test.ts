import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { refusedOutcome } from './refused.js';

const lines = { socket: 'no socket', bind: 'not bound' };
const target = { address: ip('10.0.0.1'), port: 80 };
const refusal = (syscall: string, code = 'EPERM') => ({ syscall, code, errno: 1, reason: 'why' });

test('an attempt that this host refused: which line stands in front', () => {
  const cause = (...of: Parameters<typeof refusal>): string | undefined => {
    const more = { fwmark: 7, bindInterface: 'eth9' };
    const outcome = refusedOutcome(lines, refusal(...of), { ...target, ...more });
    assert.equal(outcome.kind, 'not-made');
    return outcome.kind === 'not-made' ? outcome.cause : undefined;
  };
  assert.equal(cause('bind'), 'Checker bind failed: why');
  assert.equal(cause('setsockopt'), 'Error setting fwmark 7 to socket: why');
  assert.equal(cause('setsockopt', 'ENODEV'), "Checker can't bind to device eth9: why");
  assert.equal(cause('connect'), 'socket connect error 1 - why');
  assert.deepEqual(refusedOutcome(lines, refusal('setsockopt'), { ...target, bindInterface: 'eth9' }), {
    kind: 'not-made',
    text: 'not bound',
    cause: "Checker can't bind to device eth9: why",
  });
  assert.deepEqual(refusedOutcome(lines, refusal('socket', 'EMFILE'), target), {
    kind: 'not-made',
    text: 'no socket',
    cause: 'No socket for a check: why',
  });
});

test('a check that cannot be bound and has no line for it has failed', () => {
  assert.deepEqual(refusedOutcome({ socket: 'no socket' }, refusal('connect'), target), {
    kind: 'failure',
    text: 'unreachable',
    reason: 'why',
    cause: 'UDP connect error 1 - why',
  });
});
