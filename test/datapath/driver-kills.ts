// Commands killed at any time, so many times: what the next ones find. (Killed between any two stores: killed-batches.long.test.ts.)
import assert from 'node:assert/strict';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { isLoaded } from '../../src/datapath/ebpf/load/load.js';
import { unloadDatapath } from '../../src/datapath/ebpf/load/unload.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { Bpffs } from '../../src/datapath/ebpf/pins/bpffs.js';
import { native } from '../../src/sys/addon.js';
import { until } from '../support/until.js';
import { connect, ended, ready, request, server, spec, start, web, withBed } from './driver-bed.js';
import { checkRecords } from './record-check.js';
import { checkTable } from './table-check.js';

/** The next command finds a whole table, and traffic never stops. */
export async function killWriters(rounds: number): Promise<void> {
  await withBed({}, async (bed) => {
    bed.director.addService(spec(web));
    bed.director.addDestination(web, server);
    connect(bed, 5000);
    // One command that was open all the time must see to what a dead one left, too.
    const longLived = openDirector();
    for (let round = 0; round < rounds; round++) {
      const child = start({ kind: 'churn', seed: round });
      await ready(child);
      // from no change at all to some thousand
      await new Promise((done) => setTimeout(done, (round * 7) % 45));
      child.kill('SIGKILL');
      assert.equal(await ended(child), 'SIGKILL');
      if (round % 2 === 0) openDirector().services();
      else longLived.services();
      checkRecords(bed.tables);
      assert.equal(request(bed, 5000, 'A').verdict, 'redirect', 'the old connection goes on');
      assert.equal(request(bed, 6000 + round, 'S').verdict, 'redirect', 'a new one is taken');
    }
    longLived.close();
    const { inPackets, conns } = bed.totals();
    assert.deepEqual({ inPackets, conns }, { inPackets: 2 + rounds * 2, conns: rounds + 1 });
    checkTable(bed);
  });
}

/** The next command loads again. Goes on until one load was killed before it had ended. */
export async function killFirstLoads(rounds: number): Promise<void> {
  await withBed({}, async () => {
    unloadDatapath();
    const began = performance.now();
    assert.equal(await ended(start({ kind: 'load' })), 0);
    const whole = performance.now() - began;
    let unfinished = 0;
    for (let round = 0; round < rounds || unfinished === 0; round++) {
      assert.ok(round < 20 * rounds, 'no load was killed before it had ended');
      unloadDatapath();
      const child = start({ kind: 'load' });
      await new Promise((done) => setTimeout(done, (whole * (1 + (round % rounds))) / (rounds + 1)));
      child.kill('SIGKILL');
      await ended(child);
      if (!isLoaded(Bpffs.ensure().folder())) unfinished++;
      const director = openDirector();
      director.addService(spec(web));
      checkRecords(director.tables);
      const { conf } = director.tables;
      const ticks = conf.big(0, Conf.ticks);
      await until(() => conf.big(0, Conf.ticks) > ticks);
      director.close();
    }
  });
}

/** The rest goes with the next one, and a command in between loads again. */
export async function killUnloads(rounds: number): Promise<void> {
  await withBed({}, async () => {
    for (let round = 0; round < rounds; round++) {
      const child = start({ kind: 'unload' });
      await ready(child);
      await new Promise((done) => setTimeout(done, round * 4));
      child.kill('SIGKILL');
      await ended(child);
      if (round % 2 === 0) unloadDatapath();
      const director = openDirector();
      if (round % 2 === 0) director.addService(spec(web));
      checkRecords(director.tables);
      director.close();
    }
    unloadDatapath();
    assert.ok(!Bpffs.ensure().cookies().includes(native().netnsCookie()));
    assert.throws(() => native().ifNameToIndex('weir0'), { code: 'ENODEV' });
    openDirector().close(); // for the bed to take down
  });
}
