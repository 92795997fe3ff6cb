// A released sync group of which the members' adverts have different intervals: its backups, also with nopreempt, take over all of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../../test/support/ip.js';
import fc from '../../../../test/support/properties.js';
import { configurationOf, eth0, give, onTheWire, S, startNode, taken, type VrrpNode } from '../../../../test/support/vrrp-node.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import { groupOf } from '../../../sim/vrrp/configuration.js';
import type { Input } from '../messages.js';

const NAMES = ['VI_1', 'VI_2', 'VI_3'];
const RELEASED_US = 200 * S;

type Members = readonly Pick<VrrpInstance, 'version' | 'advertUs'>[];

function configuration(members: Members, common: Partial<VrrpInstance>): KeepalivedConfiguration {
  const instances = members.map((member, at) => ({ ...common, ...member, name: NAMES[at] ?? '', vrid: 51 + at }));
  return { ...configurationOf(...instances), syncGroups: [groupOf('G', NAMES.slice(0, members.length))] };
}

interface Arrival {
  readonly atUs: number;
  readonly to: VrrpNode;
  readonly input: Input;
}

/** Two nodes on one segment, from 0 s on. */
class Pair {
  readonly first: VrrpNode;
  readonly second: VrrpNode;
  /** So many of the next packets are lost. */
  toLose = 0;
  readonly #arrivals: Arrival[] = [];

  constructor(
    members: Members,
    priority: number,
    readonly delayUs: number,
  ) {
    const start = (own: number, common: Partial<VrrpInstance>): VrrpNode =>
      startNode(configuration(members, common), [{ ...eth0, addresses: [ip(`10.99.0.${own}`)] }]);
    this.first = start(1, { priority: 200 });
    this.second = start(2, { priority, nopreempt: true });
  }

  give(to: VrrpNode, input: Input, atUs: number): void {
    give(to, input, atUs);
    const other = to === this.first ? this.second : this.first;
    for (const effect of taken(to)) {
      if (effect.kind !== 'send') continue;
      if (this.toLose > 0) this.toLose--;
      else this.#arrivals.push({ atUs: atUs + this.delayUs, to: other, input: { kind: 'packet', packet: onTheWire(effect) } });
    }
  }

  /** Until that moment, or until `isOver`. When that was. */
  pass(untilUs: number, isOver: () => boolean = () => false): number {
    for (;;) {
      const wakes = [this.first, this.second].map((to): Arrival => ({ atUs: to.wakeAtUs ?? untilUs + 1, to, input: { kind: 'wake' } }));
      const [next] = [...this.#arrivals, ...wakes].sort((a, b) => a.atUs - b.atUs);
      if (next === undefined || next.atUs > untilUs) return untilUs;
      const at = this.#arrivals.indexOf(next);
      if (at >= 0) this.#arrivals.splice(at, 1);
      this.give(next.to, next.input, Math.max(next.atUs, next.to.atUs));
      if (isOver()) return next.atUs;
    }
  }

  get states(): string {
    const statesOf = (node: VrrpNode): string => [...new Set(node.state.instances.map(({ state }) => state))].join('+');
    return `${statesOf(this.first)} ${statesOf(this.second)}`;
  }
}

/** How long after the release of the first node the second one has all its addresses, us; `toLose`: of the packets from then on. */
function handover(members: Members, priority: number, { delayUs = 1000, toLose = 0 } = {}): number {
  const pair = new Pair(members, priority, delayUs);
  pair.pass(RELEASED_US);
  assert.equal(pair.states, 'master backup');
  pair.toLose = toLose;
  pair.give(pair.first, { kind: 'released', released: { drain: 'd1', instances: [] } }, RELEASED_US);
  const atUs = pair.pass(2 * RELEASED_US, () => pair.states === 'backup master');
  assert.equal(pair.states, 'backup master');
  pair.pass(3 * RELEASED_US);
  assert.equal(pair.states, 'backup master', 'and it stays there');
  return atUs - RELEASED_US;
}

const v3 = (...seconds: readonly number[]): Members => seconds.map((each) => ({ version: 3, advertUs: each * S }));

test('with 1 s and 3 s, a peer with nopreempt has both when its skew time of the slower one is over, with no round lost', () => {
  const tookUs = handover(v3(1, 3), 100);
  assert.ok(tookUs < 2 * S, `${tookUs} us`);
  assert.ok(handover(v3(1, 3), 2) < 3.1 * S, 'also the slowest backup');
});

const member = fc.oneof(
  fc.record({ version: fc.constant(2 as const), advertUs: fc.integer({ min: 1, max: 8 }).map((seconds) => seconds * S) }),
  fc.record({ version: fc.constant(3 as const), advertUs: fc.integer({ min: 1, max: 80 }).map((tenths) => (tenths * S) / 10) }),
);

test('whatever the intervals, versions and priorities are, also where the first adverts after the release are lost', () => {
  const members = fc.array(member, { minLength: 1, maxLength: 3 });
  const [priority, delayUs, toLose] = [fc.integer({ min: 2, max: 199 }), fc.integer({ min: 0, max: 20_000 }), fc.nat({ max: 3 })];
  fc.assert(
    fc.property(members, priority, delayUs, toLose, (...[of, own, delay, lost]) => {
      const tookUs = handover(of, own, { delayUs: delay, toLose: lost });
      const slowest = Math.max(S, ...of.map(({ advertUs }) => advertUs));
      assert.ok(tookUs < (lost === 0 ? 1.1 : 12) * slowest, `${tookUs} us`);
    }),
  );
});
