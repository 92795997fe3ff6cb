// Every packet fixture through the real programs by BPF_PROG_TEST_RUN: by tc alone, and with XDP in front.

import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { REASONS } from '../../src/datapath/ebpf/reasons.gen.js';
import { isHelpedBy } from '../../src/datapath/ebpf/table/ftp.js';
import { isWide } from '../../src/datapath/ebpf/table/identity.js';
import { IPV6_PINS } from '../../src/datapath/ebpf/table/tables.js';
import { IpProtocol } from '../../src/model/ip-protocol.js';
import { breadth, test } from '../support/breadth.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { carriageOf, subjectOf } from './fixture-subject.js';
import type { Fixture } from './fixtures/fixture.js';
import { fixtures } from './fixtures/index.js';
import { isTooShortForTc, look, prepare, UNMET_REASONS } from './fixtures/play-fixture.js';
import { hold, type Outcome } from './verdict.js';

const FTP_PORTS = [21];
const PLAIN_IPV6: readonly unknown[] = [IpProtocol.tcp, IpProtocol.udp];

/** What XDP must do by itself: plain packets to be forwarded. Options, extension headers and errors are left to tc. */
function isPlain({ hook, frame, expect, slow }: Fixture): boolean {
  if (slow === true || hook !== 'ingress' || expect.verdict !== 'forward') return false;
  return frame[14] === 0x45 || ((frame[14] ?? 0) >> 4 === 6 && PLAIN_IPV6.includes(frame[20]));
}

/** XDP sees no large packets and no marks, and is not attached to lo. */
function avoidsShortCut({ hook, device, gso, mark }: Fixture): boolean {
  return hook !== 'ingress' || device === 'lo' || gso !== undefined || mark !== undefined;
}

function meet(bed: Bed, fixture: Fixture, shortCut: boolean): Outcome {
  const { hook, device, frame } = fixture;
  if (!shortCut || avoidsShortCut(fixture)) return bed.send(hook, device, frame, carriageOf(fixture));
  return isPlain(fixture) || isTooShortForTc(fixture) ? bed.sendXdp(device, frame) : bed.send('xdp', device, frame);
}

/** May the wide build have a connection? Else its timer soon leaves new ones to XDP. */
const hasWide = ({ setup, before = [] }: Fixture): boolean =>
  [...setup, ...before.flatMap((step) => (step.kind === 'add service' ? [step.setup] : []))].some(
    ({ service: { key } }) => isWide(key) || isHelpedBy(FTP_PORTS, key),
  );

function play(bed: Bed, fixture: Fixture, shortCut: boolean): void {
  bed.wipe();
  const subject = subjectOf(bed, shortCut);
  prepare(subject, fixture);
  if (shortCut && (isPlain(fixture) || !hasWide(fixture))) bed.askNoWide();
  hold(meet(bed, fixture, shortCut), fixture.frame, fixture.expect);
  if (fixture.after !== undefined && !isTooShortForTc(fixture)) look(subject, fixture.after);
}

/** Far fewer connections than the bed's own size is for: all tables are emptied, and many are listed, for each frame. */
const CAPACITY = { connBuckets: 256 };

/** Both halves use one bed: the verifier takes longest, and it need not see the programs twice. */
let bed: Bed;
before(() => {
  if (skipReason() === false) bed = openBed({ attach: 'tc', capacity: CAPACITY });
});
after(() => {
  if (skipReason() === false) bed.close();
});

for (const attach of ['tc', 'xdp'] as const) {
  const declare = attach === 'xdp' ? test : breadth;
  describe(`packet fixtures by ${attach}`, { skip: skipReason() }, () => {
    before(() => bed.attach(attach));
    const possible = fixtures.filter((fixture) => attach === 'xdp' || !isTooShortForTc(fixture));
    const met = new Set<string>();
    for (const fixture of possible) {
      (fixture.broad === true ? breadth : declare)(fixture.description, () => {
        play(bed, fixture, attach === 'xdp');
        for (const reason of Object.keys(bed.drops())) met.add(reason);
      });
    }
    declare('every reason was met, but for those that one frame cannot meet', () => {
      assert.deepEqual(
        REASONS.map(({ key }) => key).filter((key) => !met.has(key)),
        UNMET_REASONS,
      );
    });
    declare('no next hop of a client outlived its fixture', () => {
      bed.wipe();
      for (const memory of [bed.memoryOf('client_hops'), bed.sideTable(IPV6_PINS.client_hops)]) {
        assert.ok(memory !== undefined && new BigUint64Array(memory).every((word) => word === 0n));
      }
    });
  });
}
