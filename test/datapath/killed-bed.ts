// What the tests of writers that die between two stores share: how one dies, and changes that are stopped at their first store, their
// second, and so on.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Director, TableReader } from '../../src/datapath/director.js';
import { Conf, Dest } from '../../src/datapath/ebpf/abi.gen.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { Dirty } from '../../src/datapath/ebpf/recovery/batch.js';
import type { Tables } from '../../src/datapath/ebpf/table/tables.js';
import type { ServiceKey } from '../../src/model/service.js';
import { Records } from '../../src/sys/bpf/records.js';
import { Death, dies, replace } from '../support/replaced.js';
import { type Bed, openBed } from './bed.js';
import { at, DR_VIP, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, serviceKey } from './fixtures/fixture.js';
import { checkRecords } from './record-check.js';
import { UnlockedReader } from './unlocked-reader.js';

const STORES = ['set', 'setBig', 'swap', 'swapBig', 'clear', 'setWords'] as const;

/** Runs `work` until it is about to store for the `nth` time; nothing is stored after that. True: it came to its end. */
export function diesAt(nth: number, work: () => void): boolean {
  let left = nth;
  const mortal = STORES.map((name) =>
    replace(Records.prototype, name, (_self, _args, was) => {
      left -= 1;
      if (left < 0) throw new Death();
      return was();
    }),
  );
  try {
    return !dies(work);
  } finally {
    for (const restore of mortal) restore();
  }
}

/** All that commands write, as it is now; the clock and the counters go on. Puts it back. */
export function keep({ services, dests, endpoints, rings, conf }: Tables): () => void {
  const clock = [Conf.jiffiesAt.at, Conf.swept.at + 8] as const;
  const parts = [
    ...[services, dests, endpoints, rings].map(({ memory }) => [memory, 0, memory.byteLength] as const),
    [conf.memory, 0, clock[0]] as const,
    [conf.memory, clock[1], Conf.bytes] as const,
  ].map(([memory, from, to]) => ({ to: new Uint8Array(memory, from, to - from), bytes: new Uint8Array(memory.slice(from, to)) }));
  return () => {
    for (const { to, bytes } of parts) to.set(bytes);
  };
}

export const [one = '', two = '', three = ''] = SERVERS;
const web = serviceKey('tcp', VIP, 80);
const other = serviceKey('tcp', VIP, 81);
const ftp = serviceKey('tcp', VIP, 21);
const ftpToo = serviceKey('tcp', DR_VIP, 21);
const marked = { kind: 'fwmark', family: 'inet', mark: 7 } as const;
const marked6 = { ...marked, family: 'inet6' } as const;
export const spec = (key: ServiceKey, scheduler = 'rr') => ({ key, scheduler, schedFlags: 0, onePacket: false });
export const masq = (address: string, weight = 1) => destination(`${address}:80`, 'masq', weight);
const direct = (address: string) => destination(`${address}:80`, 'route');

interface Change {
  readonly name: string;
  readonly before: (director: Director) => void;
  readonly change: (director: Director) => void;
  /** It is several changes, each whole by itself: states in between are right too. */
  readonly steps?: readonly ((director: Director) => void)[];
}

export function both(director: Director, scheduler = 'rr'): void {
  director.addService(spec(web, scheduler));
  director.addService(spec(other, scheduler));
  for (const key of [web, other]) for (const [k, server] of SERVERS.entries()) director.addDestination(key, masq(server, 2 * k + 2));
}

/** Every number was used once, by services and destinations removed longer ago than the trash time. */
function fillTrash({ director, tables }: Bed): void {
  for (let k = 1; k < tables.services.count; k++) {
    const key = serviceKey('tcp', VIP, 1000 + k);
    director.addService(spec(key));
    director.addDestination(key, masq(SERVERS[k % SERVERS.length] ?? one));
  }
  director.flush();
  for (let id = 1; id < tables.dests.count; id++) tables.dests.set(id, Dest.idleSince, tables.dests.get(id, Dest.idleSince) - 10_000_000);
}

const CHANGES: readonly Change[] = [
  { name: 'the first service', before: () => {}, change: (d) => d.addService(spec(web)) },
  { name: 'another service', before: (d) => both(d), change: (d) => d.addService(spec(serviceKey('udp', VIP, 80), 'wrr')) },
  {
    name: 'a service that comes back',
    before: (d) => {
      both(d);
      d.deleteService(web);
    },
    change: (d) => d.addService(spec(web, 'wlc')),
  },
  { name: 'a service of a mark', before: (d) => both(d), change: (d) => d.addService(spec(marked)) },
  { name: 'a service of a mark of IPv6', before: (d) => both(d), change: (d) => d.addService(spec(marked6)) },
  {
    name: 'a service of a mark goes',
    before: (d) => {
      both(d);
      d.addService(spec(marked));
      d.addDestination(marked, masq(one));
    },
    change: (d) => d.deleteService(marked),
  },
  {
    name: 'a server of FTP',
    before: (d) => {
      both(d);
      d.addService(spec(ftp));
    },
    change: (d) => d.addDestination(ftp, masq(one)),
  },
  {
    name: 'a server of FTP goes, and another service has it',
    before: (d) => {
      for (const key of [ftp, ftpToo]) {
        d.addService(spec(key));
        d.addDestination(key, masq(one));
      }
    },
    change: (d) => d.deleteDestination(ftp, at(one, 80)),
  },
  { name: 'another scheduler', before: (d) => both(d), change: (d) => d.editService(spec(web, 'wrr')) },
  {
    name: 'another scheduler with flags',
    before: (d) => both(d),
    change: (d) => d.editService({ ...spec(web, 'mh'), schedFlags: 3, onePacket: true }),
  },
  {
    name: 'another persistence and scheduler',
    before: (d) => {
      both(d);
      d.editService({ ...spec(web), persistence: { timeout: 300, netmask: 0xffffffff } });
    },
    change: (d) => d.editService({ ...spec(web, 'wlc'), persistence: { timeout: 60, netmask: 0xffffff00 } }),
  },
  { name: 'other flags alone', before: (d) => both(d, 'sh'), change: (d) => d.editService({ ...spec(web, 'sh'), schedFlags: 2 }) },
  { name: 'a scheduler with a ring', before: (d) => both(d), change: (d) => d.editService(spec(web, 'sh')) },
  { name: 'a longer ring', before: (d) => both(d, 'sh'), change: (d) => d.editService(spec(web, 'mh')) },
  { name: 'no ring any more', before: (d) => both(d, 'mh'), change: (d) => d.editService(spec(web, 'wlc')) },
  { name: 'a service with a ring goes', before: (d) => both(d, 'dh'), change: (d) => d.deleteService(web) },
  {
    name: 'one more in a ring',
    before: (d) => both(d, 'sh'),
    change: (d) => d.addDestination(web, { ...masq(one, 5), ...at(one, 81) }),
  },
  { name: 'a service goes', before: (d) => both(d, 'wrr'), change: (d) => d.deleteService(web) },
  { name: 'the first destination', before: (d) => d.addService(spec(web, 'wrr')), change: (d) => d.addDestination(web, masq(one, 3)) },
  {
    name: 'one more, of the same endpoint',
    before: (d) => both(d, 'wrr'),
    change: (d) => d.addDestination(web, { ...masq(one, 5), ...at(one, 81) }),
  },
  {
    name: 'one of the same endpoint in another service',
    before: (d) => {
      d.addService(spec(web));
      d.addService(spec(other));
      d.addDestination(web, masq(one));
    },
    change: (d) => d.addDestination(other, masq(one)),
  },
  {
    name: 'a destination that comes back',
    before: (d) => {
      both(d);
      d.deleteDestination(web, at(two, 80));
    },
    change: (d) => d.addDestination(web, masq(two, 9)),
  },
  {
    name: 'from direct routing to masquerading',
    before: (d) => {
      d.addService(spec(web));
      d.addDestination(web, direct(one));
    },
    change: (d) => d.editDestination(web, masq(one)),
  },
  { name: 'another weight', before: (d) => both(d, 'wrr'), change: (d) => d.editDestination(web, masq(two, 40)) },
  {
    name: 'method and weight together',
    before: (d) => both(d, 'wrr'),
    change: (d) => d.editDestination(web, { ...direct(two), weight: 11 }),
  },
  { name: 'all timeouts', before: () => {}, change: (d) => d.setTimeouts({ tcp: 11, tcpFin: 12, udp: 13 }) },
  ...SERVERS.map((server, k) => ({
    name: `destination ${k} of the list goes`,
    before: (d: Director) => both(d, 'wrr'),
    change: (d: Director) => d.deleteDestination(web, at(server, 80)),
  })),
  { name: 'everything goes', before: (d) => both(d), change: (d) => d.flush() },
  {
    name: 'several changes',
    before: (d) => both(d),
    change: (d) => {
      d.deleteDestination(web, at(three, 80));
      d.addDestination(web, masq(three, 7));
    },
    steps: [(d) => d.deleteDestination(web, at(three, 80))],
  },
  { name: 'several changes as one', before: (d) => both(d), change: (d) => d.atomically(() => replaceAll(d)) },
  {
    name: 'edits as one',
    before: (d) => both(d, 'wrr'),
    change: (d) =>
      d.atomically(() => {
        d.deleteDestination(web, at(two, 80));
        d.editDestination(web, masq(one, 9));
        d.editService(spec(other, 'wlc'));
        d.addDestination(web, direct(two));
        d.setTimeouts({ tcp: 11, tcpFin: 12, udp: 13 });
        d.deleteService(web);
        d.addService(spec(web));
      }),
  },
];

/** As a restore does: something stays, something goes, something comes. */
export function replaceAll(director: Director): void {
  director.flush();
  const fresh = serviceKey('udp', VIP, 53);
  for (const key of [fresh, web]) director.addService(spec(key, 'wrr'));
  for (const server of [three, one]) for (const key of [web, fresh]) director.addDestination(key, masq(server, 5));
  director.setTimeouts({ tcp: 21, tcpFin: 22, udp: 23 });
}

export const picture = (director: TableReader): string =>
  JSON.stringify([
    director.timeouts(),
    director.services().map(({ spec, destinations }) => [spec, destinations.map((entry) => entry.spec)]),
  ]);

/** A new process would see the table so. */
export function asNew<T>(work: (director: Director) => T): T {
  const director = openDirector();
  try {
    return work(director);
  } finally {
    director.close();
  }
}

/**
 * Stops the change at every store in turn. How many there were. Each opens the tables again, and maps of a process are limited (65,530): those that
 * nothing refers to any more are unmapped when node's event loop turns.
 */
async function stopEverywhere({ tables }: Bed, { change, steps = [] }: Change): Promise<number> {
  const putBack = keep(tables);
  const right = new Set([asNew(picture)]);
  for (const step of [...steps, change]) {
    asNew(step);
    right.add(asNew(picture));
    putBack();
  }
  assert.ok(right.size > 1, 'the change can be seen');
  for (let nth = 0; ; nth++) {
    await setImmediate();
    putBack();
    const ended = asNew((director) => diesAt(nth, () => change(director)));
    // Half a batch is shown as far as it got.
    const unlocked = tables.conf.get(0, Conf.dirty) === Dirty.batch ? undefined : picture(new UnlockedReader(tables));
    const now = asNew(picture);
    assert.ok(unlocked === undefined || unlocked === now, `stopped at store ${nth}, a reader sees ${unlocked}, the repair makes ${now}`);
    checkRecords(tables);
    assert.ok(right.has(now), `stopped at store ${nth}, neither made nor not made: ${now}`);
    if (ended) return nth;
  }
}

/** Each change in turn, as subtests. `old`: every record was used once, and may be used again. */
export async function stoppedAtEveryStore(context: TestContext, trash: 'fresh' | 'old'): Promise<void> {
  const bed = openBed({ capacity: { maxServices: 64, maxDestinations: 64 } });
  try {
    for (const each of CHANGES) {
      await context.test(each.name, async () => {
        bed.wipe();
        if (trash === 'old') fillTrash(bed);
        each.before(bed.director);
        assert.ok((await stopEverywhere(bed, each)) > 3);
      });
    }
  } finally {
    bed.close();
  }
}
