// A document is applied to the table as it is under the lock, whatever was seen of it before.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../test/support/ip.js';
import { planDocument } from '../control/plan/plan-document.js';
import { NO_FACTS } from '../control/plan/table-facts.js';
import { MemoryDirector } from '../datapath/memory/memory-director.js';
import { isWeirError } from '../model/errors/weir-error.js';
import type { ServiceSpec } from '../model/service.js';
import { applyDocument } from './apply-document.js';
import { presentFacts } from './observed-facts.js';

const serviceAt = (port: number): ServiceSpec => ({
  key: { kind: 'address', protocol: 'tcp', address: ip('192.0.2.1'), port },
  scheduler: 'rr',
  schedFlags: 0,
  onePacket: false,
});

test('a change between the look and the lock is seen: the plan is outdated, and nothing is changed', () => {
  const director = new MemoryDirector();
  const seen = { ...NO_FACTS, ...presentFacts(director) };
  const document = { services: [{ spec: serviceAt(80), destinations: [] }] };
  const { base } = planDocument(document, seen);
  director.addService(serviceAt(81));
  assert.throws(
    () => applyDocument(director, document, { base, unlocked: seen }),
    (error) => isWeirError(error, 'plan-outdated'),
  );
  assert.deepEqual(
    director.services().map(({ spec }) => spec),
    [serviceAt(81)],
  );
});
