// The highest rate that a page has read of each service and server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { someReal, someServer, someService, someVirtual } from '../../test/support/dashboard-values.js';
import { connectionRates, HighestSeen } from './highest-rates.js';
import { serviceRows } from './server-rows.js';

const SERVICE = 'tcp:192.0.2.1:80';
const rated = (connections: number) => ({ rates: { connections, packets_in: 0, packets_out: 0, bytes_in: 0, bytes_out: 0 } });

test('a service and its servers are rated each, by names of their own; one that is not in the table has no rate', () => {
  const service = someService([someServer('10.0.0.2:80', rated(4))], rated(9));
  const checks = { virtual_servers: [someVirtual([someReal('10.0.0.2:80'), someReal('10.0.0.3:80', { up: false })])] };
  assert.deepEqual(connectionRates(serviceRows({ services: [service] }, checks, 0)), [
    [SERVICE, 9],
    [`${SERVICE} 10.0.0.2:80`, 4],
    [`${SERVICE} 10.0.0.3:80`, undefined],
  ]);
});

test('the highest is kept, also while a server is out of the table; what is gone is forgotten', () => {
  const seen = new HighestSeen();
  const highest = (...now: readonly (readonly [string, number | undefined])[]) => {
    seen.add(now);
    return [seen.get('a'), seen.get('b')];
  };
  assert.deepEqual(highest(), [undefined, undefined]);
  assert.deepEqual(highest(['a', 3], ['b', undefined]), [3, undefined]);
  assert.deepEqual(highest(['a', 1], ['b', 0]), [3, 0]);
  assert.deepEqual(highest(['a', undefined], ['b', 8]), [3, 8]);
  assert.deepEqual(highest(['b', 2]), [undefined, 8]);
  assert.deepEqual(highest(['a', 1], ['b', 2]), [1, 8]);
});
