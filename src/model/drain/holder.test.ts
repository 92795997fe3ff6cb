// Which drains and overrides hold a server, and how they are named.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import type { ServiceKey } from '../service.js';
import { beforeFirstLook, type Drain, NO_DRAINS } from './drain.js';
import { holdersOf, holderText } from './holder.js';
import type { Override } from './override.js';

const service = (port: number): ServiceKey => ({ kind: 'address', protocol: 'tcp', address: ip('192.0.2.1'), port });
const server = { address: ip('10.0.0.1'), port: 80 };
const common: Drain = {
  id: 'd1',
  target: 'tcp:192.0.2.1:80/10.0.0.1:80',
  also: [],
  persistence: 'release',
  end: 'keep',
  state: 'draining',
  startedAt: '2026-11-29T00:00:00Z',
  startedUs: 0,
  deadlineUs: 1,
  persistenceDeadlineUs: 0,
  settleS: 2,
  idleS: 30,
  released: true,
  ...beforeFirstLook(0),
  endedUs: null,
  endDone: true,
};
const override: Override = {
  target: '10.0.0.1',
  state: 'ready',
  weight: 3,
  reason: 'new disks',
  owner: 'root',
  since: '2026-11-29T00:00:00Z',
  untilUs: null,
};

test('all that hold it are named, drains first; what was cancelled holds nothing but by slow start', () => {
  const drains: readonly Drain[] = [
    common,
    { ...common, id: 'd2', state: 'cancelled', holds: false },
    { ...common, id: 'd3', target: '10.0.0.1', state: 'cancelled', slowStart: { fromUs: 0, untilUs: 9, share: 0.1 } },
  ];
  const holders = holdersOf({ ...NO_DRAINS, drains, overrides: [override] });
  const texts = (port: number) => holders(service(port), server).map(holderText);
  const others = ['drain d3, by slow start', 'override of 10.0.0.1: weight 3 by root: new disks'];
  assert.deepEqual(texts(80), ['drain d1', ...others]);
  assert.deepEqual(texts(81), others);
  assert.deepEqual(holders(service(80), { ...server, address: ip('10.0.0.2') }), []);
});
