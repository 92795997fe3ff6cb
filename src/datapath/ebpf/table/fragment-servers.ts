// The masqueraded servers whose later fragments are held back until the first one comes. The programs learn them from first fragments; this makes
// them known before.
import { encodeRecord, u32 } from '../../../sys/bpf/records.js';
import { unlessCode } from '../../../sys/errno.js';
import { using } from '../../../sys/fd.js';
import { Abi, Conf, Dest } from '../abi.gen.js';
import { FragmentServer } from '../fragment.gen.js';
import { recordedWords } from './record-address.js';
import { FRAGMENT_SERVERS_PIN, type Tables } from './tables.js';

const BPF_NOEXIST = 1;

/** Tables of a build without fragments have no such map. */
function noteAll(tables: Tables, ids: Iterable<number>): void {
  const map = unlessCode(() => tables.open(FRAGMENT_SERVERS_PIN), ['ENOENT'], undefined);
  if (map === undefined) return;
  const known = u32(0);
  using(map, () => {
    for (const id of ids) {
      const server = encodeRecord(FragmentServer, { addr: recordedWords(tables.dests, Dest, id) });
      if (map.lookup(server, known)) continue;
      unlessCode(() => map.update(server, u32(0), BPF_NOEXIST), ['EEXIST'], undefined); // it keeps the IDs that it has got
    }
  });
}

/** `id`: a masqueraded destination. */
export const noteFragmentServer = (tables: Tables, id: number): void => noteAll(tables, [id]);

/** Of all masqueraded destinations. */
export function noteFragmentServers(tables: Tables): void {
  const { conf, dests } = tables;
  const ids = Array.from({ length: conf.get(0, Conf.destTop) }, (_, k) => k + 1);
  noteAll(
    tables,
    ids.filter((id) => dests.get(id, Dest.flags) & Abi.D_REAL),
  );
}
