import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat } from '../../wire/bytes.js';
import { encodeAttributes, type NetlinkMessage } from '../../wire/netlink.js';
import { RouteMessage } from '../../wire/rtnetlink.js';
import { encodeLinkChange } from '../../wire/rtnetlink-link.js';
import { RuleMessage } from '../../wire/rtnetlink-rule.js';
import { type Attempt, InterfaceCover, KnownLinks } from './interface-cover.js';

const message = (type: number, change: Parameters<typeof encodeLinkChange>[0], family = 0): NetlinkMessage => {
  const payload = encodeLinkChange(change);
  payload[0] = family;
  return { type, flags: 0, sequence: 0, port: 0, payload };
};
const { newLink, deleteLink, newSettings } = RouteMessage;

test('a link that comes, comes again or changes its MAC counts; up, down, going and a bridge about its ports do not', () => {
  const links = new KnownLinks();
  const mac = '02:00:00:00:00:01';
  const is = (what: NetlinkMessage): boolean => links.changedBy([what]);
  assert.equal(is(message(newLink, { ifindex: 7, name: 'eth7', mac })), true, 'it came');
  assert.equal(is(message(newLink, { ifindex: 7, name: 'eth7', mac, up: true })), false, 'up');
  assert.equal(is(message(newLink, { ifindex: 7, name: 'eth7' }, 7)), false, 'AF_BRIDGE');
  assert.equal(is(message(newLink, { ifindex: 7, name: 'eth7', mac: '02:00:00:00:00:02' })), true, 'its MAC');
  assert.equal(is(message(deleteLink, { ifindex: 7, name: 'eth7' })), false, 'it went');
  assert.equal(is(message(newLink, { ifindex: 7, name: 'eth7', mac: '02:00:00:00:00:02' })), true, 'it came again under its number');
  assert.equal(is(message(24, { ifindex: 8, name: 'eth8' })), false, 'a route');
  const setting = (attribute: number): NetlinkMessage => ({
    ...message(newSettings, { ifindex: 8 }),
    payload: concat(new Uint8Array(4), encodeAttributes([{ type: attribute, payload: new Uint8Array([1, 0, 0, 0]) }])),
  });
  assert.equal(is(setting(3)), true, 'rp_filter');
  assert.equal(is(setting(2)), false, 'forwarding');
  assert.equal(is({ ...setting(3), payload: new Uint8Array([2, 0, 0, 0, 9]) }), false, 'cut off');
  const rule = (type: number, sourceLength: number): NetlinkMessage => ({
    ...message(type, { ifindex: 8 }),
    payload: Uint8Array.of(2, 0, sourceLength, 0, 254, 0, 0, 1, 0, 0, 0, 0),
  });
  for (const type of [RuleMessage.newRule, RuleMessage.deleteRule]) {
    assert.equal(is(rule(type, 32)), true, 'a policy rule that chooses by source');
    assert.equal(is(rule(type, 0)), false, 'another one');
  }
  for (const type of [RouteMessage.newRoute, RouteMessage.deleteRoute]) {
    assert.equal(is(rule(type, 64)), true, 'a route with a source');
    assert.equal(is(rule(type, 0)), false, 'another one');
  }
});

const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

test('nothing runs where nothing is loaded; one process at a time, and one more for what came meanwhile; a failure is logged once', async () => {
  const logged: string[] = [];
  const ends: ((attempt: Attempt) => void)[] = [];
  let loaded = false;
  const cover = new InterfaceCover({
    log: (level, text) => void logged.push(`${level} ${text}`),
    isLoaded: () => loaded,
    attach: () => new Promise((done) => void ends.push(done)),
  });
  cover.request();
  assert.equal(ends.length, 0);
  loaded = true;
  for (let count = 0; count < 5; count++) cover.request();
  assert.equal(ends.length, 1);
  ends[0]?.({ failure: 'lock busy' });
  await turn();
  assert.equal(ends.length, 2);
  ends[1]?.({ failure: 'lock busy' });
  await turn();
  assert.equal(ends.length, 2, 'tried again later');
  cover.request();
  ends[2]?.({ notices: ['weir load: eth5 goes by tc alone'] });
  await turn();
  await cover.close();
  assert.deepEqual(logged, [
    'warning new interfaces could not be attached, trying again: lock busy',
    'warning weir load: eth5 goes by tc alone',
    'info new interfaces are attached, after 2 failures',
  ]);
});

test('the end waits for what runs and for what was requested meanwhile, and kills what goes on for too long', async () => {
  const ends: ((attempt: Attempt) => void)[] = [];
  const signals: AbortSignal[] = [];
  const cover = new InterfaceCover({
    log: (_level, text) => assert.fail(text),
    isLoaded: () => true,
    attach: (signal) => {
      signals.push(signal);
      return new Promise((done) => {
        ends.push(done);
        signal.addEventListener('abort', () => done({ failure: 'killed' }));
      });
    },
  });
  cover.request();
  cover.request();
  let isOver = false;
  const closed = cover.close().then(() => {
    isOver = true;
  });
  ends[0]?.({});
  await turn();
  assert.equal(isOver, false, 'the second one runs');
  assert.equal(ends.length, 2);
  await closed;
  assert.equal(signals[1]?.aborted, true, 'it went on for too long');
});
