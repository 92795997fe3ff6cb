// Every packet fixture through the real programs by BPF_PROG_TEST_RUN: by tc alone, and with the XDP short cut in front.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { REASONS } from '../../src/datapath/ebpf/reasons.gen.js';
import { formatAddress } from '../../src/model/address-text.js';
import type { DestinationKey } from '../../src/model/service.js';
import { type Bed, openBed, skipReason } from './bed.js';
import type { After, Fixture, Setup, Step } from './fixtures/fixture.js';
import { fixtures } from './fixtures/index.js';
import { hold, type Outcome } from './verdict.js';

function text({ address, port }: DestinationKey): string {
  return address.family === 'inet' ? `${formatAddress(address)}:${port}` : `[${formatAddress(address)}]:${port}`;
}

function prepare(bed: Bed, fixture: Fixture): void {
  bed.wipe();
  for (const setup of fixture.setup) add(bed, setup);
}

function add(bed: Bed, { service, destinations }: Setup): void {
  bed.director.addService(service);
  for (const destination of destinations) bed.director.addDestination(service.key, destination);
}

function take(bed: Bed, step: Step, shortCut: boolean): void {
  switch (step.kind) {
    case 'frame':
      bed.send(shortCut && step.hook === 'ingress' ? 'xdp' : step.hook, step.device, step.frame);
      return;
    case 'weight':
      bed.director.editDestination(step.service, { ...step.destination, weight: step.weight });
      return;
    case 'delete destination':
      bed.director.deleteDestination(step.service, step.destination);
      return;
    case 'edit service':
      bed.director.editService(step.service);
      return;
    case 'add service':
      add(bed, step.setup);
      return;
    case 'delete service':
      bed.director.deleteService(step.service);
      return;
    case 'sysctl':
      bed.director.setSysctl(step.name, step.value);
      return;
    case 'rp_filter':
      bed.filterReversePath(step.device, step.value);
  }
}

function look(bed: Bed, expected: After): void {
  if (expected.connections !== undefined) {
    const found = [...bed.director.connections()].map((each) => ({
      client: text(each.client),
      virtual: text(each.virtual),
      destination: text(each.destination),
      state: each.state,
    }));
    assert.deepEqual(found, expected.connections, 'connections');
  }
  if (expected.counts !== undefined) {
    const found = bed.director.services().flatMap(({ destinations }) => destinations);
    const counts = found.map(({ spec, active, inactive }) => [text(spec), [active, inactive]] as const);
    for (const [destination, count] of Object.entries(expected.counts)) {
      assert.deepEqual(new Map(counts).get(destination), count, `active and inactive of ${destination}`);
    }
  }
  if (expected.persistent !== undefined) {
    const found = bed.director.services().flatMap(({ destinations }) => destinations);
    const held = Object.fromEntries(found.map((entry) => [text(entry.spec), entry.persistent]));
    assert.deepEqual(held, expected.persistent, 'templates by destination');
  }
  if (expected.drops !== undefined) assert.deepEqual(bed.drops(), expected.drops, 'reasons counted');
  if (expected.totals !== undefined) assert.deepEqual(bed.totals(), expected.totals, 'counters');
}

/** What the short cut must do by itself: plain packets to be forwarded. Options and errors are left to tc. */
function isPlain({ hook, frame, expect, slow }: Fixture): boolean {
  return slow !== true && hook === 'ingress' && expect.verdict === 'forward' && frame[14] === 0x45;
}

/** The kernel runs no tc program on an IPv4 frame that has no room for the IP header. */
function isTooShortForTc({ frame }: Fixture): boolean {
  return frame.length < 34 && frame[12] === 0x08 && frame[13] === 0x00;
}

/** XDP sees no large packets, and is not attached to lo. */
function avoidsShortCut({ hook, device, gso }: Fixture): boolean {
  return hook !== 'ingress' || device === 'lo' || gso !== undefined;
}

function meet(bed: Bed, fixture: Fixture, shortCut: boolean): Outcome {
  const { hook, device, frame, gso } = fixture;
  if (!shortCut || avoidsShortCut(fixture)) return bed.send(hook, device, frame, gso);
  return isPlain(fixture) || isTooShortForTc(fixture) ? bed.sendXdp(device, frame) : bed.send('xdp', device, frame);
}

function play(bed: Bed, fixture: Fixture, shortCut: boolean): void {
  prepare(bed, fixture);
  for (const step of fixture.before ?? []) take(bed, step, shortCut);
  hold(meet(bed, fixture, shortCut), fixture.frame, fixture.expect);
  if (fixture.after !== undefined && !isTooShortForTc(fixture)) look(bed, fixture.after);
}

/** Met by storms and floods (concurrent.test.ts, defence.test.ts, edges.test.ts, eviction.test.ts, templates.test.ts), or only when a helper of the kernel fails. */
const ELSEWHERE = [
  'none',
  'table_full',
  'half_open_replaced',
  'busy',
  'icmp_limited',
  'redirect_failed',
  'closed_replaced',
  'idle_replaced',
  'drop_packet',
  'drop_entry',
  'template_replaced',
];

for (const attach of ['tc', 'xdp'] as const) {
  describe(`packet fixtures by ${attach}`, { skip: skipReason() }, () => {
    let bed: Bed;
    before(() => {
      bed = openBed({ attach });
    });
    after(() => bed.close());
    const possible = fixtures.filter((fixture) => attach === 'xdp' || !isTooShortForTc(fixture));
    const met = new Set<string>();
    for (const fixture of possible) {
      test(fixture.description, () => {
        play(bed, fixture, attach === 'xdp');
        for (const reason of Object.keys(bed.drops())) met.add(reason);
      });
    }
    test('every reason was met, but for those that one frame cannot meet', () => {
      const unmet = REASONS.map(({ key }) => key).filter((key) => !met.has(key));
      assert.deepEqual(unmet, ELSEWHERE);
    });
  });
}
