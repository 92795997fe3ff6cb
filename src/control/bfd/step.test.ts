import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainControl } from '../../../test/support/bfd-control.js';
import { ADDRESS, BfdNodes, MS, S, sessionOf } from '../../../test/support/bfd-nodes.js';
import { initialBfd } from './state.js';
import { step } from './step.js';
import { transmitUs } from './timing.js';

test('two nodes come up, and report it', () => {
  const nodes = new BfdNodes();
  nodes.up();
  assert.deepEqual(nodes.events('a'), [true]);
  assert.deepEqual(nodes.events('b'), [true]);
  assert.ok(nodes.atUs < S, 'changes are sent immediately, not when a second is over');
  assert.deepEqual([nodes.session('a').wentUp, nodes.session('a').wentDown], [1, 0]);
  const first = nodes.sent[0]?.packet;
  assert.deepEqual(first, {
    ...plainControl,
    myDiscriminator: nodes.session('a').discriminator,
    desiredMinTxUs: S,
    requiredMinRxUs: 10 * MS,
  });
  const lines = nodes.lines('a').join('\n');
  assert.match(lines, /^\(a\) Entering Up state$/m);
  assert.match(lines, /^ {4}Detection time is 50000 us \(was 5000000 us\)$/m);
  assert.match(lines, /^\(a\) Starting poll sequence$/m);
  // As keepalived 2.2.7 writes it.
  const table = [
    '(a) ---------------< Session parameters >--------------',
    '             min_tx  min_rx  tx_intv  mult  detect_time',
    '    local     10000   10000    10000     5        50000',
    '    remote    10000   10000    10000     5        50000',
  ];
  assert.ok(lines.includes(table.join('\n')), lines);
});

test('the slower of the sender’s and the receiver’s interval, 0 to 25 % sooner', () => {
  const nodes = new BfdNodes({ minTxUs: 10 * MS }, { minRxUs: 40 * MS, minTxUs: 20 * MS });
  nodes.up();
  const from = nodes.atUs;
  nodes.run(from + 20 * S);
  const gaps = (side: 'a' | 'b') => {
    const times = nodes.sentBy(side, from).map(({ atUs }) => atUs);
    return times.slice(1).map((at, index) => at - (times[index] ?? 0));
  };
  const [a, b] = [gaps('a'), gaps('b')];
  assert.ok(Math.min(...a) >= 30 * MS && Math.max(...a) <= 40 * MS, `${Math.min(...a)} ${Math.max(...a)}`);
  assert.ok(Math.min(...b) >= 15 * MS && Math.max(...b) <= 20 * MS, `${Math.min(...b)} ${Math.max(...b)}`);
  assert.ok(new Set(a).size > 100, 'not in step');
});

test('a session with multiplier 1 sends 10 to 25 % sooner', () => {
  const nodes = new BfdNodes({ multiplier: 1 }, { multiplier: 1 });
  nodes.fate = () => 0;
  nodes.up();
  const from = nodes.atUs;
  nodes.run(from + 2 * S);
  const times = nodes.sentBy('a', from).map(({ atUs }) => atUs);
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
  assert.ok(Math.min(...gaps) >= 7500 && Math.max(...gaps) <= 9000, `${Math.min(...gaps)} ${Math.max(...gaps)}`);
  assert.ok(nodes.bothUp);
});

test('a silent neighbour is down after multiplier times interval, not before', () => {
  const nodes = new BfdNodes();
  nodes.up();
  nodes.fate = ({ from }) => (from === 'b' ? undefined : MS);
  const last = nodes.session('a').receivedAtUs ?? 0;
  const receives = nodes.sentBy('b').at(-1)?.atUs ?? 0;
  assert.ok(last >= receives - 10 * MS);
  assert.ok(nodes.run(nodes.atUs + S, () => nodes.session('a').state !== 'up'));
  const at = nodes.session('a').receivedAtUs ?? 0;
  assert.equal(nodes.atUs, at + 50 * MS);
  assert.deepEqual(nodes.events('a'), [true, false]);
  assert.deepEqual(nodes.lines('a', nodes.atUs), [
    '(a) Expired after 50 ms (0 usec overdue)',
    '(a) Entering Down state (Local diagnostic - Control Detection Time Expired, Remote diagnostic - No Diagnostic)',
  ]);
  assert.equal(nodes.sentBy('a', nodes.atUs).at(-1)?.packet.yourDiscriminator, 0);
  // b is informed of it although nothing of its own arrives.
  nodes.run(nodes.atUs + 10 * MS);
  assert.equal(nodes.session('b').state, 'down');
  assert.match(nodes.lines('b').join('\n'), /Local diagnostic - Neighbor Signaled Session Down/);
  assert.deepEqual([nodes.session('b').wentUp, nodes.session('b').wentDown], [1, 1]);
  const slow = nodes.atUs;
  nodes.run(slow + 10 * S);
  assert.ok(nodes.sentBy('a', slow).length <= 15, 'about once a second while down');
  nodes.fate = () => MS;
  nodes.up();
});

test('a shorter interval of the neighbour counts from the last packet sent', () => {
  const nodes = new BfdNodes({ minTxUs: 10 * MS }, { minRxUs: S, minTxUs: S });
  nodes.up();
  nodes.fate = () => undefined;
  const before = nodes.sentBy('a').at(-1)?.atUs ?? 0;
  nodes.atUs = Math.max(nodes.atUs, before + MS);
  const from = nodes.atUs;
  nodes.receive('a', nodes.forge('a', { requiredMinRxUs: 400 * MS }));
  assert.deepEqual(nodes.sentBy('a', from), []);
  assert.ok(nodes.run(before + 400 * MS, () => nodes.sentBy('a', from).length > 0));
  assert.ok(nodes.atUs >= before + 300 * MS);
});

test('a poll is answered immediately, whatever the timers', () => {
  const nodes = new BfdNodes({ minRxUs: S, minTxUs: S }, { minRxUs: S, minTxUs: S });
  nodes.up();
  const before = nodes.sent.length;
  nodes.receive('a', nodes.forge('a', { poll: true }));
  assert.deepEqual(
    nodes.sent.slice(before).map(({ packet }) => [packet.final, packet.poll, packet.state]),
    [[true, false, 'up']],
  );
});

test('reload: a longer sending interval waits for the answer to a poll', () => {
  const nodes = new BfdNodes();
  nodes.up();
  nodes.fate = ({ packet }) => (packet.final ? undefined : MS);
  nodes.give('a', { kind: 'configure', sessions: [sessionOf('a', { minTxUs: 100 * MS })] });
  nodes.run(nodes.atUs + S);
  assert.equal(transmitUs(nodes.session('a')), 10 * MS);
  assert.ok(nodes.bothUp, 'no session failed');
  assert.equal(nodes.sentBy('a').at(-1)?.packet.poll, true);
  nodes.fate = () => MS;
  nodes.run(nodes.atUs + 100 * MS);
  assert.equal(transmitUs(nodes.session('a')), 100 * MS);
  assert.equal(nodes.sentBy('a').at(-1)?.packet.poll, false);
  nodes.run(nodes.atUs + 5 * S);
  assert.deepEqual([nodes.events('a'), nodes.events('b')], [[true], [true]]);
});

test('reload: a shorter detection time waits for the answer to a poll', () => {
  const nodes = new BfdNodes({ minRxUs: 100 * MS });
  nodes.up();
  nodes.fate = ({ packet }) => (packet.final ? undefined : MS);
  nodes.give('a', { kind: 'configure', sessions: [sessionOf('a', { minRxUs: 10 * MS })] });
  nodes.run(nodes.atUs + 50 * MS);
  assert.equal(nodes.session('a').heldRxUs, 100 * MS);
  nodes.fate = () => MS;
  nodes.run(nodes.atUs + S);
  assert.equal(nodes.session('a').heldRxUs, undefined);
  assert.ok(nodes.bothUp);
});

test('reload: a session with other ends starts again, a removed one sends nothing', () => {
  const nodes = new BfdNodes();
  nodes.up();
  const was = nodes.session('a').discriminator;
  nodes.give('a', { kind: 'configure', sessions: [sessionOf('a', { multiplier: 3, ttl: 200 })] });
  assert.deepEqual([nodes.session('a').state, nodes.session('a').discriminator], ['up', was]);
  nodes.give('a', { kind: 'configure', sessions: [sessionOf('a', { multihop: true })] });
  assert.deepEqual([nodes.session('a').state, nodes.session('a').discriminator === was], ['down', false]);
  nodes.give('a', { kind: 'configure', sessions: [sessionOf('a')] });
  nodes.give('a', { kind: 'socket', name: 'a', open: true });
  nodes.up();
  nodes.give('a', { kind: 'configure', sessions: [sessionOf('a', { source: ADDRESS.b })] });
  assert.equal(nodes.session('a').state, 'down', 'another source is another session');
  nodes.give('a', { kind: 'configure', sessions: [] });
  const sent = nodes.sentBy('a').length;
  nodes.run(nodes.atUs + 3 * S);
  assert.equal(nodes.sentBy('a').length, sent);
  assert.equal(nodes.session('b').state, 'down');
});

test('a passive session waits for the neighbour’s first packet', () => {
  const both = new BfdNodes({ passive: true }, { passive: true });
  both.run(10 * S);
  assert.deepEqual(both.sent, []);
  const one = new BfdNodes({ passive: true });
  one.up();
  one.fate = ({ from }) => (from === 'b' ? undefined : MS);
  one.run(one.atUs + 10 * S);
  assert.equal(one.session('a').state, 'down');
  const silent = one.atUs;
  one.run(silent + 5 * S);
  assert.deepEqual(one.sentBy('a', silent), [], 'it does not know the neighbour any more');
});

test('a neighbour in AdminDown is not a failure', () => {
  const nodes = new BfdNodes();
  nodes.up();
  nodes.give('b', { kind: 'socket', name: 'b', open: false });
  assert.deepEqual([nodes.session('b').state, nodes.events('b').at(-1)], ['adminDown', false]);
  nodes.receive('a', nodes.forge('a', { state: 'adminDown', diagnostic: 7 }));
  assert.equal(nodes.session('a').state, 'down');
  assert.deepEqual(nodes.events('a'), [true]);
  nodes.run(nodes.atUs + 2 * S);
  assert.equal(nodes.session('b').state, 'adminDown', 'what comes is not looked at');
  assert.ok((nodes.machine('b').refused.adminDown ?? 0) > 0);
  nodes.give('b', { kind: 'socket', name: 'b', open: true });
  assert.equal(nodes.session('b').state, 'down');
  nodes.up();
});

test('a neighbour in demand mode gets no periodic packets while both are up; polls are still answered', () => {
  const nodes = new BfdNodes();
  nodes.up();
  nodes.fate = () => undefined;
  nodes.receive('a', nodes.forge('a', { demand: true }));
  const from = nodes.atUs;
  nodes.receive('a', nodes.forge('a', { demand: true, poll: true }));
  nodes.run(from + 40 * MS);
  assert.deepEqual(
    nodes.sentBy('a', from).map(({ packet }) => packet.final),
    [true],
  );
  nodes.receive('a', nodes.forge('a'));
  assert.ok(
    nodes.run(nodes.atUs + 20 * MS, () => nodes.sentBy('a', from).length > 1),
    'it does not any more',
  );
});

test('a neighbour that wants no packets gets none', () => {
  const nodes = new BfdNodes();
  nodes.up();
  nodes.fate = () => undefined;
  nodes.receive('a', nodes.forge('a', { requiredMinRxUs: 0 }));
  const from = nodes.atUs + 1;
  nodes.run(from + 40 * MS);
  assert.deepEqual(nodes.sentBy('a', from), []);
  assert.ok(
    nodes.run(nodes.atUs + 2 * S, () => nodes.sentBy('a', from).length > 0),
    'it is gone, and its wish with it',
  );
});

test('before there is a socket nothing is sent', () => {
  const { state, effects, wakeAtUs } = step(initialBfd(), { kind: 'configure', sessions: [sessionOf('a')], chance: [1, 2, 3, 4] }, S);
  assert.deepEqual([effects, wakeAtUs, state.sessions[0]?.remoteState], [[], undefined, 'down']);
});

test('discriminators are random, never 0, never twice', () => {
  const sessions = Array.from({ length: 500 }, (_, index) => sessionOf('a', { name: `s${index}` }));
  const nodes = new BfdNodes();
  nodes.give('a', { kind: 'configure', sessions });
  const all = nodes.machine('a').sessions.map(({ discriminator }) => discriminator);
  assert.equal(new Set(all).size, sessions.length);
  assert.ok(!all.includes(0));
  assert.ok(Math.max(...all) > 0xf000_0000 && Math.min(...all) < 0x1000_0000);
});

test('a longer interval of the neighbour counts from the last packet sent: none comes too soon', () => {
  for (let seed = 1; seed < 40; seed += 1) {
    const nodes = new BfdNodes({ minTxUs: 10 * MS }, {}, seed);
    nodes.up();
    nodes.run(nodes.atUs + seed * 300);
    nodes.fate = () => undefined;
    nodes.run(nodes.atUs + 2 * MS); // what is on its way arrives
    const last = nodes.sentBy('a').at(-1)?.atUs ?? 0;
    const from = nodes.atUs;
    nodes.receive('a', nodes.forge('a', { requiredMinRxUs: 400 * MS, poll: true }));
    const [answer] = nodes.sentBy('a', from);
    assert.deepEqual([answer?.atUs, answer?.packet.final], [from, true], 'the poll is answered immediately');
    const periodic = () => nodes.sentBy('a', from).find(({ packet }) => !packet.final)?.atUs;
    nodes.run(from + 45 * MS, () => periodic() !== undefined);
    assert.equal(periodic(), undefined, `${(periodic() ?? 0) - last} us after the last one`);
  }
});

test('at the stop the neighbour gets AdminDown, and nothing is reported', () => {
  const nodes = new BfdNodes();
  nodes.up();
  const from = nodes.atUs;
  nodes.give('a', { kind: 'stop' });
  assert.deepEqual(
    nodes.sentBy('a', from).map(({ packet }) => [packet.state, packet.diagnostic, packet.poll, packet.yourDiscriminator]),
    [['adminDown', 7, false, nodes.session('b').discriminator]],
  );
  nodes.run(from + 2 * MS);
  assert.deepEqual([nodes.session('b').state, nodes.session('b').remoteState], ['down', 'adminDown']);
  nodes.run(from + S);
  assert.equal(nodes.sentBy('a', from).length, 1, 'nothing follows');
  assert.deepEqual([nodes.events('a'), nodes.events('b')], [[true], [true]]);
  const alone = new BfdNodes();
  alone.fate = () => undefined;
  alone.run(7 * S); // the very first packets had arrived
  const count = alone.sent.length;
  alone.give('a', { kind: 'stop' });
  assert.equal(alone.sent.length, count, 'there is no neighbour to inform');
});

test('a session that a reload removes signs off', () => {
  const nodes = new BfdNodes();
  nodes.up();
  const from = nodes.atUs;
  nodes.give('a', { kind: 'configure', sessions: [sessionOf('a', { multihop: true })] });
  assert.deepEqual(
    nodes.sentBy('a', from).map(({ packet }) => packet.state),
    ['adminDown'],
  );
});
