// Short connections in real time into a table that is soon full of closed ones (bench/soak.ts): every new client is served, and connections
// that last go on.
import assert from 'node:assert/strict';
import { compileObjects } from '../../bench/compile.js';
import { dropNamespaces } from '../../bench/namespaces.js';
import { type SoakPlan, soak } from '../../bench/soak.js';
import { Wrapper } from '../../bench/wrap.js';

const LASTING = 200;

/** `tableBits`: log2 of half the places; there are twice as many short connections as places, or more. */
export async function soakHolds({
  tableBits,
  ...plan
}: Pick<SoakPlan, 'seconds' | 'rate'> & { readonly tableBits: number }): Promise<void> {
  const wrapper = new Wrapper(compileObjects().wrap);
  try {
    const whole: SoakPlan = { ...plan, tableBits, connections: 4 * 2 ** tableBits, lasting: LASTING };
    const { unserved, lost, lastingLost, connections, slots, drops } = await soak(wrapper, whole);
    assert.deepEqual({ unserved, lost, lastingLost }, { unserved: 0, lost: 0, lastingLost: 0 }, JSON.stringify(drops));
    // Otherwise the table was never full, and nothing was shown.
    assert.ok(connections >= 2 * slots, `${connections} connections in ${slots} places`);
    assert.ok((drops['closed_replaced'] ?? 0) > 0, JSON.stringify(drops));
  } finally {
    wrapper.close();
    dropNamespaces();
  }
}
