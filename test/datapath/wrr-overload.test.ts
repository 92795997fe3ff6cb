// wrr with a heavy server over its upper threshold: the choice is the kernel's, and it is not found by a step for each weight.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Abi, Service } from '../../src/datapath/ebpf/abi.gen.js';
import { schedulers } from '../../src/datapath/schedule/index.js';
import type { Candidate } from '../../src/datapath/schedule/scheduler.js';
import { decodeEthernet } from '../../src/wire/ethernet.js';
import { decodeIpv4 } from '../../src/wire/ipv4.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, service } from './fixtures/fixture.js';
import { fromClient, tcp } from './fixtures/packets.js';

const skip = skipReason();

interface Server {
  readonly weight: number;
  readonly overloaded?: true;
}

/** A wrr service with these servers, in the order of the list. Those that are to be overloaded have one connection, their upper threshold. */
function openWith(servers: readonly Server[]): Bed {
  const bed = openBed();
  const { service: spec } = service('tcp', VIP, 80, [], 'wrr');
  bed.director.addService(spec);
  const specs = servers.map(({ weight, overloaded }, n) => ({
    ...destination(`${SERVERS[n] ?? ''}:80`, 'masq', weight),
    upperThreshold: overloaded === true ? 1 : 0,
  }));
  for (const [n, each] of [...specs.entries()].reverse()) {
    bed.director.addDestination(spec.key, each);
    if (servers[n]?.overloaded === true) assert.equal(chosen(bed, 1000 + n), n);
    bed.director.editDestination(spec.key, each);
  }
  return bed;
}

/** Where a new client's connection goes: the number of the server. */
function chosen(bed: Bed, client: number): number {
  const { frame } = bed.send(
    'ingress',
    'front',
    fromClient(tcp({ from: `10.0.1.${128 + (client % 64)}:${2000 + (client >> 6)}`, to: `${VIP}:80` }, 'S')),
  );
  const packet = decodeIpv4(decodeEthernet(frame)?.payload ?? new Uint8Array(0));
  return SERVERS.findIndex((address) => Number(address.split('.')[3]) === ((packet?.destination.words[0] ?? 0) & 255));
}

const candidate = ({ weight, overloaded }: Server, id: number): Candidate => ({
  id,
  weight,
  lastWeight: weight,
  active: 0,
  inactive: 0,
  overloaded: overloaded === true,
  fold: id,
  port: 80,
});

/** As after the service was made: before the head of the list, with the highest weight. */
function fromTheStart({ tables: { services } }: Bed): void {
  services.setBig(1, Service.wrr, BigInt(services.get(1, Service.wrrMax)) << BigInt(Abi.WRR_WEIGHT_SHIFT));
}

const CASES: readonly (readonly Server[])[] = [
  [{ weight: 3000, overloaded: true }, { weight: 1 }, { weight: 2 }],
  [{ weight: 3 }, { weight: 3000, overloaded: true }, { weight: 5 }],
  [{ weight: 14 }, { weight: 21 }, { weight: 2800, overloaded: true }],
];

for (const servers of CASES) {
  const weights = servers.map(({ weight, overloaded }) => `${weight}${overloaded === true ? ' overloaded' : ''}`).join(', ');
  test(`wrr chooses as the kernel does: ${weights}`, { skip }, () => {
    const bed = openWith(servers);
    try {
      fromTheStart(bed);
      const list = servers.map(candidate);
      let schedule = (schedulers.get('wrr') ?? assert.fail('no wrr'))(list, 0);
      const picks = Array.from({ length: 40 }, (_, n) => chosen(bed, n));
      const arrival = { clientFold: 1, clientPort: 1, serviceFold: 1, address: VIP, now: 0, lblcrExpiration: 0, deleted: [] };
      const expected = picks.map(() => {
        const { id, next } = schedule.pick(list, arrival);
        schedule = next;
        return id;
      });
      assert.deepEqual(picks, expected);
    } finally {
      bed.close();
    }
  });
}

/** The time of a hundred choices, the shortest of several. */
function timeOf(servers: readonly Server[]): number {
  const bed = openWith(servers);
  try {
    const times = Array.from({ length: 5 }, (_, round) => {
      const from = process.hrtime.bigint();
      for (let n = 0; n < 100; n++) chosen(bed, round * 100 + n);
      return Number(process.hrtime.bigint() - from);
    });
    return Math.min(...times);
  } finally {
    bed.close();
  }
}

test('wrr does not walk down all weights of a server that is overloaded', { skip }, () => {
  const light = [{ weight: 1 }, { weight: 2 }];
  const without = timeOf([{ weight: 3 }, ...light]);
  const overloaded = timeOf([{ weight: 65_535, overloaded: true }, ...light]);
  assert.ok(overloaded < 5 * without, `${overloaded} ns, ${without} ns without one`);
});
