// Interfaces of several routing domains (VRF, rules for `iif`): whether the host has a service's address is asked for the packets of each, so one
// domain decides nothing for another. Each answer is remembered for a second, also where packets of the domains take turns.
import assert from 'node:assert/strict';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { runOnCpus } from '../../src/sys/processes/scheduling.js';
import { breadth, test } from '../support/breadth.js';
import { openBed, skipReason } from './bed.js';
import { until } from './cluster.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, type Hook, service } from './fixtures/fixture.js';
import { ip } from './namespace.js';

const skip = skipReason();
const TABLE = 77;
const GATEWAYS: Readonly<Record<Family['name'], string>> = { IPv4: '10.0.2.11', IPv6: 'fd00:2::11' };
type Side = 'front' | 'back';

interface Domains {
  /** A new connection of the client, as if it were on this side: whether it is balanced. */
  opens(side: Side): boolean;
  /** How many connections were left to the host, since it has not the address for their side. */
  refused(): number;
  /** From now on what comes by the back is routed as all else is. */
  join(): void;
  /** How long answers are remembered, in units of the clock. */
  remember(units: number): void;
}

/** The host has the virtual address for what comes by the front; what comes by the back is routed by a table of its own. */
async function withDomains(family: Family, hook: Hook, use: (domains: Domains) => Promise<void> | void): Promise<void> {
  const { at, client, vip, servers } = family;
  const bed = openBed({ attach: hook === 'xdp' ? 'xdp' : 'tc' });
  const options = family.name === 'IPv6' ? ['-6'] : [];
  const rules = (...lines: readonly string[]): void => ip(lines, undefined, options);
  try {
    runOnCpus([0]); // what is remembered is a CPU's own
    const { service: spec } = service('tcp', vip, 80, []);
    bed.director.addService(spec);
    bed.director.addDestination(spec.key, destination(at(servers[0], 80), 'masq'));
    rules(
      'rule add pref 32700 table local',
      'rule del pref 0',
      `rule add pref 100 iif back lookup ${TABLE}`,
      `route add default via ${GATEWAYS[family.name]} dev back table ${TABLE}`,
    );
    bed.letHopsAge();
    let port = 1024;
    await use({
      opens: (side) => {
        port += 1;
        const syn = family.tcp({ from: at(client, port), to: at(vip, 80) }, 'S');
        const frame = side === 'front' ? family.fromClient(syn, client) : family.fromServer(syn, servers[0]);
        return bed.send(hook, side, frame).verdict === 'redirect';
      },
      refused: () => bed.drops()['not_local'] ?? 0,
      join: () => rules('rule del pref 100'),
      remember: (units) => bed.tables.conf.set(0, Conf.freshFor, units),
    });
  } finally {
    bed.close();
  }
}

/** More than the test takes, and less than what lies between the clocks of two interfaces. */
const LONG = 2 ** 16;

for (const family of [IPv4, IPv6]) {
  for (const hook of ['ingress', 'xdp'] as const) {
    const declare = (family === IPv4) === (hook === 'xdp') ? test : breadth;
    declare(`${family.name}, ${hook}: a connection from another domain refuses none of this one`, { skip }, async () => {
      await withDomains(family, hook, ({ opens, refused }) => {
        assert.ok(!opens('back'));
        for (let k = 0; k < 3; k++) assert.ok(opens('front'), `the front, right behind the back: ${k}`);
        assert.equal(refused(), 1);
        assert.ok(!opens('back'), 'nor does the front decide for the back');
        assert.equal(refused(), 2);
      });
    });

    declare(
      `${family.name}, ${hook}: answers are remembered where the domains take turns, and asked for again in time`,
      {
        skip,
      },
      async () => {
        await withDomains(family, hook, async ({ opens, join, remember }) => {
          remember(LONG);
          const turns = (): readonly boolean[] => (['back', 'front', 'back', 'front'] as const).map((side) => opens(side));
          assert.deepEqual(turns(), [false, true, false, true]);
          join();
          assert.deepEqual(turns(), [false, true, false, true], 'as they were answered before');
          remember(0);
          await until(() => opens('back'), Boolean);
          assert.ok(opens('front'));
        });
      },
    );
  }
}
