// A CPU that the hypervisor took away may hold a lock of the connection table: what waits for it in vain is counted as such, since the
// table has room.
import assert from 'node:assert/strict';
import { Abi } from '../../src/datapath/ebpf/abi.gen.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { breadth, test } from '../support/breadth.js';
import { skipReason } from './bed.js';
import { bedOfCrowd, Crowd, SLOTS } from './crowd.js';

/** Sets or clears the locks under which connections are put into a later bucket. */
function holdSpillLocks(folder: string, held: boolean): void {
  const map = BpfMap.pinned(`${folder}/locks`);
  try {
    const words = new BigUint64Array(map.mmap(8 * (Abi.LOCKS + Abi.SPILL_LOCKS), true));
    words.fill(held ? 1n : 0n, Abi.LOCKS, Abi.LOCKS + Abi.SPILL_LOCKS);
  } finally {
    map.close();
  }
}

for (const attach of ['tc', 'xdp'] as const) {
  (attach === 'tc' ? test : breadth)(
    `${attach}: a lock that is not free is counted as busy, not as a full table`,
    { skip: skipReason() },
    () => {
      const bed = bedOfCrowd(attach);
      try {
        const crowd = new Crowd(bed, 'masq', attach === 'tc' ? 'ingress' : 'xdp');
        holdSpillLocks(bed.folder, true);
        let client = 0;
        while (crowd.sends(client, 'S')) client += 1;
        assert.ok(client >= Abi.BUCKET_SLOTS && client < SLOTS, `the home bucket of client ${client} is full, the table is not`);
        assert.deepEqual(crowd.drops(), { busy: 1 });
        holdSpillLocks(bed.folder, false);
        assert.ok(crowd.sends(client, 'S'), 'the lock is free again');
      } finally {
        bed.close();
      }
    },
  );
}
