// How long weir takes to read and apply a file of 1,000 virtual servers with 10 real servers each, and how soon a dead server is out.
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ObservingReader } from '../src/datapath/ebpf/observe/observing-reader.js';
import { Bpffs } from '../src/datapath/ebpf/pins/bpffs.js';
import { Tables } from '../src/datapath/ebpf/table/tables.js';
import { ChecksBed } from './checks-bed.js';
import { MANY_REALS, MANY_SERVERS, manyServers, oneServer } from './checks-config.js';
import { run } from './processes.js';
import { now, until } from './wait.js';

const program = fileURLToPath(new URL('../../bin/weir', import.meta.url));

function readerOf(cookie: bigint): ObservingReader {
  const bpffs = Bpffs.ensure();
  const tables = Tables.readable(bpffs.path(cookie));
  tables.mapAll();
  return new ObservingReader(tables, bpffs.presentLock(cookie));
}

/** Seconds from the start of the daemon until all 10,000 destinations are in the table, which is loaded already. */
export async function timeToApply(shim: string, times: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (let turn = 0; turn < times; turn += 1) {
    const bed = new ChecksBed('weir', shim, `ca${turn}`);
    try {
      await bed.serve();
      run(bed.namespace, [program, 'load']);
      const reader = readerOf(bed.cookie);
      const began = bed.start(manyServers, '-C');
      const applied = (): number => reader.overview().services.reduce((sum, { destinations }) => sum + destinations.length, 0);
      await until('all are in the table', () => applied() >= MANY_SERVERS * MANY_REALS, 60);
      found.push(now() - began);
      reader.close();
    } finally {
      await bed.close();
    }
  }
  return found;
}

export interface Removal {
  /** Seconds from the end of the servers to the line that one is removed. */
  readonly weir: number;
  readonly keepalived: number;
}

/** Both daemons check a server every second; both servers end in the same moment. */
export async function removals(shim: string, times: number): Promise<readonly Removal[]> {
  const found: Removal[] = [];
  for (let turn = 0; turn < times; turn += 1) {
    const beds = { weir: new ChecksBed('weir', shim, `cw${turn}`), keepalived: new ChecksBed('keepalived', shim, `ck${turn}`) };
    const both = [beds.weir, beds.keepalived];
    try {
      for (const bed of both) {
        await bed.serve();
        bed.start(oneServer, '-C');
      }
      await until('both check', () => both.every((bed) => bed.hasChecker() && bed.attempts() >= 2));
      await delay(Math.random() * 1000);
      const removed = async (bed: ChecksBed, at: number): Promise<number> => {
        await until('the dead server is removed', () => bed.log.includes('Removing service'), 30, 5);
        return now() - at;
      };
      const ends = both.map((bed) => bed.killServers());
      const [weir = Number.NaN, keepalived = Number.NaN] = await Promise.all(both.map((bed, index) => removed(bed, ends[index] ?? 0)));
      found.push({ weir, keepalived });
    } finally {
      for (const bed of both) await bed.close();
    }
  }
  return found;
}
