import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Disturbance } from './history.js';
import { historyOf } from './scenario.js';

const histories = Array.from({ length: 2000 }, (_, seed) => historyOf(seed));

test('a seed is a history', () => {
  assert.deepEqual(historyOf(4711), historyOf(4711));
  assert.notDeepEqual(historyOf(4711).nodes, historyOf(4712).nodes);
  assert.equal(historyOf(3, { nodes: 5 }).nodes.length, 5);
});

test('every kind of disturbance happens to some node', () => {
  const seen = new Set(histories.flatMap(({ events }) => events.map(({ what }) => what.kind)));
  const all: readonly Disturbance['kind'][] = [
    'start',
    'stop',
    'resume',
    'pause',
    'kill',
    'crash',
    'link',
    'path',
    'weather',
    'reload',
    'script',
    'file',
    'process',
    'bfd',
    'static',
    'virtualGone',
    'readdress',
    'harmlessReport',
    'interfaceGone',
    'takeAddress',
    'forgedPacket',
    'wallClock',
  ];
  assert.deepEqual(
    all.filter((kind) => !seen.has(kind)),
    [],
  );
});

test('configurations cover the options of instances', () => {
  const instances = histories.flatMap(({ nodes }) => nodes.flatMap(({ configuration }) => configuration.instances));
  const some: Readonly<Record<string, (instance: (typeof instances)[number]) => boolean>> = {
    v2: ({ version }) => version === 2,
    'v3 over IPv4': ({ version, family }) => version === 3 && family === 'inet',
    IPv6: ({ family }) => family === 'inet6',
    unicast: ({ unicast }) => unicast !== undefined,
    PASS: ({ authentication }) => authentication.kind === 'pass',
    AH: ({ authentication }) => authentication.kind === 'ah',
    HMAC: ({ authentication }) => authentication.kind === 'hmac',
    owner: ({ priority }) => priority === 255,
    nopreempt: ({ nopreempt }) => nopreempt,
    'preempt delay': ({ preemptDelayUs }) => preemptDelayUs > 0,
    'fast mode': ({ fast }) => fast !== undefined,
    'no accept': ({ accept }) => !accept,
    strict: ({ strict }) => strict,
    'other addresses are dropped': ({ addressMismatch }) => addressMismatch === 'drop',
  };
  for (const [what, is] of Object.entries(some)) assert.ok(instances.some(is), what);
  const configurations = histories.flatMap(({ nodes }) => nodes.map(({ configuration }) => configuration));
  assert.deepEqual([...new Set(configurations.map(({ syncGroups }) => syncGroups.length))].toSorted(), [0, 1, 2]);
  assert.ok(configurations.some(({ bfds, root }) => bfds.length > 0 && root.interfaceDelays.length > 0));
});

test('lossy paths, pauses of minutes, frozen clocks, other names', () => {
  const events = histories.flatMap((history) => history.events.map(({ atUs, what }) => ({ atUs, what, history })));
  const some = (is: (event: (typeof events)[number]) => boolean): boolean => events.some(is);
  assert.ok(some(({ what }) => what.kind === 'path' && what.loss > 0 && what.loss < 1));
  assert.ok(some(({ what }) => what.kind === 'pause' && what.frozen === true));
  assert.ok(some(({ atUs, what, history }) => what.kind === 'pause' && history.calmFromUs - atUs > 60_000_000));
  assert.ok(some(({ what }) => what.kind === 'reload' && what.what === 'other names'));
});

test('all disturbances end before the calm begins', () => {
  for (const { events, calmFromUs, endUs } of histories) {
    assert.ok(events.every(({ atUs }) => atUs <= calmFromUs) && endUs > calmFromUs);
    const open = new Map<string, Disturbance>();
    for (const { what } of events) {
      if (what.kind === 'path') open.set(`path ${what.from} ${what.to} ${what.interface}`, what);
      if (what.kind === 'link') open.set(`link ${what.node} ${what.interface}`, what);
      if (what.kind === 'wallClock') open.set(`clock ${what.node}`, what);
      if (what.kind === 'weather') open.set('weather', what);
      if (what.kind === 'pause' || what.kind === 'resume') open.set(`pause ${what.node}`, what);
    }
    for (const last of open.values()) {
      if (last.kind === 'path') assert.equal(last.loss, 0);
      if (last.kind === 'wallClock') assert.equal(last.offS, 0);
      if (last.kind === 'link') assert.equal(last.up, true);
      if (last.kind === 'weather') assert.equal(last.weather.loss, 0);
      assert.notEqual(last.kind, 'pause');
    }
  }
});
