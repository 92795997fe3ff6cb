import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableBase } from '../control/plan/table-base.js';
import type { PresentState } from '../document/kept-state.js';
import { serviceId } from '../model/identity.js';
import { readTableDocument } from './changes/read-document.js';
import { keptDrift } from './kept-drift.js';

test('drift is what weir diff would print, and is worked out again where the table or the document is another', () => {
  const document = readTableDocument({ services: { 'tcp:192.0.2.1:80': { scheduler: 'rr', servers: ['10.0.0.2:80', '10.0.0.3:80'] } } });
  const stateOf = (scheduler: string, servers: number): PresentState => {
    const wanted = document.services?.[0];
    assert.ok(wanted !== undefined);
    const { spec, destinations } = wanted;
    const present = new Map([[serviceId(spec.key), { spec: { ...spec, scheduler }, destinations: destinations.slice(0, servers) }]]);
    const rest = {
      present,
      owners: new Map<string, string>(),
      files: new Map<string, string>(),
      timeouts: { tcp: 900, tcpFin: 120, udp: 300 },
    };
    return { ...rest, base: tableBase(rest) };
  };
  let [now, wanted, reads] = [stateOf('rr', 2), document as typeof document | undefined, 0];
  const lines = keptDrift(
    () => wanted,
    () => {
      reads += 1;
      return now;
    },
  );
  assert.deepEqual([lines(), lines(), reads], [0, 0, 2]);
  now = stateOf('wlc', 1);
  assert.equal(lines(), 2);
  wanted = undefined;
  assert.equal(lines(), undefined);
});
