// The stream of events: what happened between two looks, where a client goes on, and what a slow one misses.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventRing } from '../../src/api/events/event-ring.js';
import { eventStream, LINES, SERVER_SENT } from '../../src/api/events/event-stream.js';
import { Watch } from '../../src/api/events/watch.js';
import { makeApp } from '../../src/api/http/app.js';
import { routes } from '../../src/api/routes/routes.js';
import { type Drain, NO_DRAINS } from '../../src/model/drain/drain.js';
import { WeirError } from '../../src/model/errors/weir-error.js';
import { field } from '../../src/model/json.js';
import { changingSources, oneDrain, oneService, reader } from '../support/api.js';

async function pieces(stream: AsyncGenerator<string>, count: number): Promise<readonly string[]> {
  const found: string[] = [];
  while (found.length < count) found.push((await stream.next()).value as string);
  return found;
}

const open = new AbortController().signal;
const start = async (ring: EventRing, last?: string) => {
  const stream = eventStream(ring, LINES, last, open);
  await stream.next();
  return stream;
};
const namesIn = (piece: string | undefined): readonly string[] =>
  (piece ?? '')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).event);

test('events come in order; a client goes on where it was, and is notified of a gap', async () => {
  const ring = new EventRing('e', 3);
  const live = await start(ring);
  ring.push('a', 1);
  ring.push('b', 2);
  assert.deepEqual(namesIn((await live.next()).value), ['a', 'b']);
  assert.deepEqual(namesIn((await (await start(ring, 'e.1')).next()).value), ['b']);
  for (const event of ['c', 'd', 'e', 'f']) ring.push(event, 0);
  assert.deepEqual(namesIn((await live.next()).value), ['reset']);
  for (const lost of ['e.1', 'other.5', 'e.99', 'nonsense'])
    assert.deepEqual(namesIn((await (await start(ring, lost)).next()).value), ['reset']);
  ring.push('g', 0);
  assert.deepEqual(namesIn((await live.next()).value), ['g']);
  const [first, second] = await pieces(eventStream(ring, SERVER_SENT, 'e.6', open), 2);
  assert.deepEqual([first, second], [':\n\n', 'id: e.7\nevent: g\ndata: 0\n\n']);
});

test('a look finds what came, changed and went', () => {
  const ring = new EventRing('e');
  let services = [oneService];
  let generation: number | undefined = 1;
  let up = true;
  let drains: readonly Drain[] = [];
  let driven = 0;
  const health = () => [
    {
      name: '[192.0.2.1]:tcp:80',
      quorumUp: true,
      quorum: 1,
      weight: 1,
      sorry: false,
      suspended: false,
      servers: [{ server: '10.0.0.2:8080', up, weight: 1, checks: 1, unchecked: 0, failed: [], notMade: [], timesDown: 0, since: null }],
    },
  ];
  const watch = new Watch(
    {
      generation: () => generation ?? 0,
      configured: () => {
        if (generation === undefined) throw new WeirError('datapath-not-loaded');
        return { services, generation };
      },
      drainRecord: () => ({ ...NO_DRAINS, drains }),
      driveDrains: () => {
        driven += 1;
      },
      daemons: () => [{ pid: 1, program: 'weir', file: '', since: null, instances: [], health: health(), bfd: null, otherBuild: false }],
    },
    ring,
  );
  Array.from(watch.look());
  Array.from(watch.look());
  assert.equal(ring.last, 0);
  [services, generation] = [[], 2];
  up = false;
  Array.from(watch.look());
  generation = undefined;
  Array.from(watch.look());
  const shown = (ring.after(0) ?? []).map(({ event, data }) => [event, data]);
  assert.deepEqual(shown[0], ['table', { loaded: true, generation: 2, added: [], changed: [], removed: ['tcp:192.0.2.1:80'] }]);
  assert.deepEqual([shown[1]?.[0], shown.length], ['health', 3]);
  const remaining = (open: number) => ({ open, over: 0, byState: {}, persistent: 0, idleMaxS: null });
  for (const open of [100, 95, 50]) {
    drains = [{ ...oneDrain, openAtStart: 100, remaining: remaining(open) }];
    Array.from(watch.look());
  }
  const drained = (ring.after(3) ?? []).map(({ event, data }) => [event, field(data, 'tenths')]);
  assert.deepEqual(
    [drained, driven],
    [
      [
        ['drain', 0],
        ['drain', 5],
      ],
      3,
    ],
  );
});

test('the streams of a caller are counted until it leaves', async () => {
  const sources = changingSources();
  const app = makeApp({
    routes,
    sources,
    callerOf: () => reader,
    onMistake: (error) => assert.fail(String(error)),
    streamsMax: { each: 2, all: 3 },
  });
  const ask = () => app.request('/v1/events');
  // HEAD opens none: no client reads it.
  for (let count = 0; count < 5; count++) assert.equal((await app.request('/v1/events', { method: 'HEAD' })).status, 200);
  const streams = [await ask(), await ask()];
  assert.deepEqual([(await ask()).status, streams[0]?.headers.get('content-type')], [429, 'text/event-stream']);
  await streams[0]?.body?.cancel();
  const next = await ask();
  assert.equal(next.status, 200);
  const body = next.body?.getReader();
  await body?.read();
  sources.events.push('a', 1);
  assert.match(new TextDecoder().decode((await body?.read())?.value), /event: a/);
});
