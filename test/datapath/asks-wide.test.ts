// Which exact services ask the wide build for a connection before a packet begins one: those that may have one there, for as long as they may.
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { applyChange } from '../../src/datapath/apply-change.js';
import { Conf, Service } from '../../src/datapath/ebpf/abi.gen.js';
import { WideAbi } from '../../src/datapath/ebpf/wide.gen.js';
import { swap16 } from '../../src/wire/bytes.js';
import { breadth, test } from '../support/breadth.js';
import { type Bed, inBed, openBed, skipReason } from './bed.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, type Setup, service } from './fixtures/fixture.js';
import { additions } from './fixtures/setup-changes.js';

const skip = skipReason();

/** A round of so small a table is a tick of its timer, 100 ms. */
const SMALL = { connBuckets: 16 };
const ROUNDS_MS = 1000;
const PORT = 53;

/** What a family's services are, and a datagram to the port, by way of `hook`. */
function worldOf(family: Family) {
  const { at, client, vip, servers } = family;
  const [first, second] = family.servers;
  const names = service('udp', vip, 0, [destination(at(second, 0), 'masq')]);
  const datagram = (port: number, hops = 64): Uint8Array =>
    family.fromClient(family.udp({ from: at(client, port), to: at(vip, PORT) }, hops), client);
  return {
    ...{ first, second, servers, datagram },
    all: { ...names, service: { ...names.service, persistence: { timeout: 300, netmask: family.hostMask } } },
    marked: {
      service: { ...names.service, key: { kind: 'fwmark', family: family.name === 'IPv4' ? 'inet' : 'inet6', mark: 3 } },
      destinations: [destination(at(second, 0), 'masq')],
    } as Setup,
    exact: service('udp', vip, PORT, [destination(at(first, PORT), 'masq')]),
  };
}

const add = ({ director }: Bed, setup: Setup): void => {
  for (const change of additions(setup)) applyChange(director, change);
};

/** Does the exact service ask, and is that known of any? */
function asks({ tables: { services, conf } }: Bed): { readonly exact: boolean; readonly any: boolean } {
  const flagged = (id: number): boolean => (services.get(id, Service.flags) & WideAbi.SVC_ASKS_WIDE) !== 0;
  const ids = Array.from({ length: conf.get(0, Conf.serviceTop) }, (_, k) => k + 1);
  const exact = ids.find((id) => services.get(id, Service.port) === swap16(PORT)) ?? assert.fail('no exact service');
  return { exact: flagged(exact), any: flagged(0) };
}

async function becomes(bed: Bed, asked: boolean): Promise<void> {
  for (let tries = 0; asks(bed).exact !== asked || asks(bed).any !== asked; tries++) {
    assert.ok(tries < 100, `not within ten seconds: ${JSON.stringify(asks(bed))}`);
    await setTimeout(100);
  }
}

for (const family of [IPv4, IPv6]) {
  const { all, marked, exact, datagram } = worldOf(family);
  const inSmall = (work: (bed: Bed) => Promise<void>) => inBed(work, openBed({ capacity: SMALL }));

  breadth(`${family.name}: an exact service asks while older connections of all ports live`, { skip }, async () => {
    await inSmall(async (bed) => {
      add(bed, all);
      assert.equal(bed.send('ingress', 'front', datagram(5000)).verdict, 'redirect');
      add(bed, exact);
      await setTimeout(ROUNDS_MS);
      assert.deepEqual(asks(bed), { exact: true, any: true }, 'many rounds later');
      bed.director.setTimeouts({ tcp: 0, tcpFin: 0, udp: 1 });
      assert.equal(bed.send('ingress', 'front', datagram(5000)).verdict, 'redirect');
      assert.deepEqual(asks(bed), { exact: true, any: true }, 'until it expires');
      await becomes(bed, false);
      add(bed, { ...exact, service: { ...exact.service, key: { ...exact.service.key, port: PORT + 1 } as typeof exact.service.key } });
      assert.deepEqual(asks(bed), { exact: false, any: true }, 'another one that is added asks, the first one does not');
      await becomes(bed, false);
    });
  });

  (family === IPv6 ? test : breadth)(
    `${family.name}: an exact service asks once a mark leads a connection of its port elsewhere`,
    { skip },
    async () => {
      await inSmall(async (bed) => {
        add(bed, exact);
        assert.deepEqual(asks(bed), { exact: false, any: false }, 'without a wide build');
        add(bed, marked);
        assert.deepEqual(asks(bed), { exact: false, any: false }, 'without a connection');
        assert.equal(bed.send('mark', 'front', datagram(5000, 63), { mark: 3 }).verdict, 'redirect');
        assert.deepEqual(asks(bed), { exact: true, any: true });
        await setTimeout(ROUNDS_MS);
        assert.deepEqual(asks(bed), { exact: true, any: true }, 'many rounds later');
      });
    },
  );
}
