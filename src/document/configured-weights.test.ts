import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../test/support/ip.js';
import { writeFeedbackRecord } from '../host/feedback-files.js';
import { destinationId } from '../model/identity.js';
import type { DestinationSpec, ServiceKey } from '../model/service.js';
import { configuredWeights } from './configured-weights.js';

const key: ServiceKey = { kind: 'address', protocol: 'tcp', address: ip('192.0.2.77'), port: 1 };
const spec = (last: number, weight: number): DestinationSpec => ({
  ...{ address: ip(`10.0.0.${last}`), port: 80, method: 'masq', weight, upperThreshold: 0, lowerThreshold: 0 },
  tunnel: { type: 'ipip', port: 0, checksum: 'nocsum' },
});

test('weights that feedback wrote are the configured ones to a plan; those of others are as they are', () => {
  const [own, foreign, unknown] = [spec(1, 78), spec(2, 5), spec(3, 7)];
  assert.deepEqual(configuredWeights(key, [own]), { destinations: [own], moved: [], inTable: new Map() });
  const weights = new Map([own, foreign].map((one) => [destinationId(one), { configured: 100, effective: 78 }]));
  try {
    writeFeedbackRecord(key, weights);
    assert.deepEqual(configuredWeights(key, [own, foreign, unknown]), {
      destinations: [{ ...own, weight: 100 }, foreign, unknown],
      moved: ['tcp:192.0.2.77:1: 10.0.0.1:80 has weight 78 by feedback; configured is 100'],
      inTable: new Map([[destinationId(own), 78]]),
    });
  } finally {
    writeFeedbackRecord(key, new Map());
  }
});
