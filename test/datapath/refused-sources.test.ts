// What is remembered of sources that rp_filter keeps out: the FIB is asked about each once a second, and the answer about no other one changes.
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { runOnCpus } from '../../src/sys/processes/scheduling.js';
import { breadth, test } from '../support/breadth.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { until } from './cluster.js';
import { DR_VIP, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, service } from './fixtures/fixture.js';
import { fromClient, tcp } from './fixtures/packets.js';
import { ip } from './namespace.js';

const skip = skipReason();
const BY_BACK = 'via 10.0.2.11 dev back';
const BY_FRONT = 'via 10.0.1.254 dev front';
/** A CPU remembers some thousand, four of each hash: of so few, five have the same one in one run of a million. */
const SOURCES = 16;

interface Forger {
  readonly bed: Bed;
  /** Of the sources from `first` on, how many open a connection to the virtual address, as if they were in front. */
  letIn(first: number, vip?: string): number;
  /** Where the route to all sources leads from now on. */
  lead(by: string): void;
}

/** A service in front, which is strict, for sources with a route by the back, and another, wider one by the front. */
async function withForger(hook: 'ingress' | 'xdp', use: (forger: Forger) => void | Promise<void>): Promise<void> {
  const bed = openBed({ attach: hook === 'xdp' ? 'xdp' : 'tc' });
  try {
    runOnCpus([0]); // what is remembered is a CPU's own
    for (const vip of [VIP, DR_VIP]) {
      const { service: spec } = service('tcp', vip, 80, []);
      bed.director.addService(spec);
      bed.director.addDestination(spec.key, destination(`${SERVERS[0]}:80`, 'masq'));
    }
    ip([`route add 10.66.0.0/16 ${BY_FRONT}`, `route add 10.66.1.0/24 ${BY_BACK}`]);
    bed.settings.filterReversePath('front', 1);
    let port = 1024;
    await use({
      bed,
      lead: (by) => ip([`route replace 10.66.1.0/24 ${by}`]),
      letIn: (first, vip = VIP) => {
        port += 1;
        const verdicts = Array.from({ length: SOURCES }, (_, k) => {
          const syn = tcp({ from: `10.66.1.${first + k}:${port}`, to: `${vip}:80` }, 'S');
          return bed.send(hook, 'front', fromClient(syn)).verdict;
        });
        return verdicts.filter((verdict) => verdict === 'redirect').length;
      },
    });
  } finally {
    runOnCpus(Array.from({ length: availableParallelism() }, (_, cpu) => cpu));
    bed.close();
  }
}

for (const hook of ['ingress', 'xdp'] as const) {
  const declare = hook === 'xdp' ? test : breadth;

  declare(
    `${hook}: a source that was refused is not asked about again within a second; others, and other targets, are`,
    {
      skip,
    },
    async () => {
      await withForger(hook, async ({ bed, letIn, lead }) => {
        assert.equal(letIn(0), 0);
        lead(`nexthop ${BY_BACK} nexthop ${BY_FRONT}`);
        assert.equal(letIn(0), 0, 'remembered');
        assert.equal(letIn(SOURCES), SOURCES, 'other sources');
        assert.equal(letIn(0, DR_VIP), SOURCES, 'another virtual address');
        bed.letHopsAge();
        await until(
          () => letIn(0),
          (count) => count === SOURCES,
        );
      });
    },
  );

  declare(
    `${hook}: a source that may come in is asked about each time; what was refused by a strict filter, a loose one lets in`,
    {
      skip,
    },
    async () => {
      await withForger(hook, ({ bed, letIn, lead }) => {
        lead(BY_FRONT);
        assert.equal(letIn(0), SOURCES);
        lead(BY_BACK);
        assert.equal(letIn(0), 0);
        bed.settings.filterReversePath('front', 2);
        assert.equal(letIn(0), SOURCES);
      });
    },
  );
}

test('more sources than a CPU remembers are refused all the same', { skip }, async () => {
  await withForger('ingress', ({ bed }) => {
    ip(['route add 10.66.128.0/17 via 10.0.2.11 dev back']);
    const verdicts = new Set<string>();
    for (let k = 0; k < 5_000; k++) {
      const syn = tcp({ from: `10.66.${128 + (k >> 8)}.${k & 255}:4000`, to: `${VIP}:80` }, 'S');
      verdicts.add(bed.send('ingress', 'front', fromClient(syn)).verdict);
    }
    assert.deepEqual([...verdicts], ['pass']);
    assert.deepEqual(bed.drops(), { reverse_path: 5_000 });
  });
});
