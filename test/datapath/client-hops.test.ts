// The table of clients' next hops, as it stands in memory: which entries are used, resolved again and removed.

import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { Abi, ClientHop, Conf, Egress } from '../../src/datapath/ebpf/abi.gen.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { Records } from '../../src/sys/bpf/records.js';
import { decodeEthernet } from '../../src/wire/ethernet.js';
import { breadth, test } from '../support/breadth.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { CLIENT, DEVICES, macOf, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, service } from './fixtures/fixture.js';
import { fromClient, fromServer, tcp } from './fixtures/packets.js';

const skip = skipReason();
const CLAIMED = 0xffffffffn;
const WRONG = '02:00:00:00:bb:bb';
const WRONG_WORD = 0xbbbb00000002n;

interface Table {
  readonly bed: Bed;
  readonly hops: Records;
  readonly egresses: Records;
  /** The place of the one entry that is in use. */
  place(): number;
  /** A reply to the client: the MACs with which it leaves; undefined where the kernel must resolve the next hop. */
  reply(): { readonly to: string; readonly from: string } | undefined;
}

function mapped(bed: Bed, name: string, bytes: number): Records {
  const map = BpfMap.pinned(`${bed.folder}/${name}`);
  try {
    return new Records(map.mmap(map.info().valueSize * map.info().maxEntries, true), bytes);
  } finally {
    map.close();
  }
}

/** Runs with a director that has just sent one reply. */
async function withTable(use: (table: Table) => void | Promise<void>): Promise<void> {
  const bed = openBed();
  try {
    const spec = service('tcp', VIP, 80, []).service;
    bed.director.addService(spec);
    bed.director.addDestination(spec.key, destination(`${SERVERS[0]}:80`, 'masq'));
    const hops = mapped(bed, 'client_hops', ClientHop.bytes);
    const egresses = mapped(bed, 'egresses', Egress.bytes);
    bed.send('ingress', 'front', fromClient(tcp({ from: `${CLIENT}:40000`, to: `${VIP}:80` }, 'S')));
    const frame = fromServer(tcp({ from: `${SERVERS[0]}:80`, to: `${CLIENT}:40000` }, 'SA'));
    const reply: Table['reply'] = () => {
      const outcome = bed.send('ingress', 'back', frame);
      assert.equal(outcome.verdict, 'redirect');
      const link = decodeEthernet(outcome.frame) ?? assert.fail('no frame');
      return link.destination === decodeEthernet(frame)?.destination ? undefined : { to: link.destination, from: link.source };
    };
    const place = (): number => {
      for (let at = 0; at < hops.count; at++) if (hops.big(at, ClientHop.known) !== 0n) return at;
      return assert.fail('no entry is in use');
    };
    assert.deepEqual(reply(), right);
    await use({ bed, hops, egresses, place, reply });
  } finally {
    bed.close();
  }
}

const right = { to: macOf(CLIENT), from: DEVICES.front.mac };
const stampOf = (known: bigint): number => Number(known >> 32n);
const egressOf = (next: bigint): number => Number(next >> BigInt(Abi.NEXT_EGRESS_SHIFT));
const withMac = (next: bigint): bigint => (next & ~0xffffffffffffn) | WRONG_WORD;

test('a client’s next hop is cached with the egress that it shares with others', { skip }, () =>
  withTable(({ hops, egresses, place, reply }) => {
    const at = place();
    const next = hops.big(at, ClientHop.next);
    assert.equal(egresses.get(egressOf(next), Egress.mtu), 1500);
    hops.setBig(at, ClientHop.next, withMac(next));
    assert.deepEqual(reply(), { to: WRONG, from: right.from }, 'what is cached is used');
  }),
);

test('an egress that was rewritten after the entry is not used', { skip }, () =>
  withTable(({ hops, egresses, place, reply }) => {
    const at = place();
    const next = hops.big(at, ClientHop.next);
    hops.setBig(at, ClientHop.next, withMac(next));
    egresses.set(egressOf(next), Egress.writtenAt, (stampOf(hops.big(at, ClientHop.known)) + 1) >>> 0);
    assert.notEqual(reply()?.to, WRONG);
  }),
);

test('an entry that another CPU is writing is neither used nor claimed', { skip }, () =>
  withTable(({ hops, place, reply }) => {
    const at = place();
    const known = hops.big(at, ClientHop.known);
    const busy = ((known >> 32n) << 32n) | CLAIMED;
    hops.setBig(at, ClientHop.known, busy);
    hops.setBig(at, ClientHop.next, withMac(hops.big(at, ClientHop.next)));
    assert.deepEqual(reply(), right);
    assert.equal(hops.big(at, ClientHop.known), busy);
    assert.notEqual(egressOf(hops.big(at, ClientHop.next)), 0);
  }),
);

breadth('an entry is written at most once in a clock unit, and again when it is old', { skip }, () =>
  withTable(async ({ bed, hops, place, reply }) => {
    bed.tables.conf.set(0, Conf.freshFor, 0);
    const at = place();
    const known = hops.big(at, ClientHop.known);
    const ahead = ((BigInt(stampOf(known)) + 1000n) << 32n) | (known & 0xffffffffn);
    hops.setBig(at, ClientHop.known, ahead);
    reply();
    assert.equal(hops.big(at, ClientHop.known), ahead);
    hops.setBig(at, ClientHop.known, known);
    while (hops.big(at, ClientHop.known) === known) {
      await setTimeout(5);
      reply();
    }
    assert.ok(stampOf(hops.big(at, ClientHop.known)) > stampOf(known));
  }),
);

breadth('an entry that was not used for a day is removed before its stamp can look fresh again', { skip }, () =>
  withTable(async ({ bed, hops, place }) => {
    const at = place();
    const known = hops.big(at, ClientHop.known);
    const old = (stampOf(known) - 2 ** 24 - 100) >>> 0;
    hops.setBig(at, ClientHop.known, (BigInt(old) << 32n) | (known & 0xffffffffn));
    const entries = hops.count / Abi.CLIENT_HOP_SETS;
    while (hops.big(at, ClientHop.known) !== 0n) {
      bed.tables.conf.setBig(0, Conf.ticks, BigInt(Math.floor(at / entries)));
      await setTimeout(50);
    }
  }),
);
