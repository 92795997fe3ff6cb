// Rows of part 8: what packets of 64k connections cost in the default table, which has places for many more, and in one of their size.
import type { Director } from '../src/datapath/director.js';
import { compared } from './comparison.js';
import { openPlace, type Tools } from './place.js';
import { established, type ProgramCase, reply } from './program-cases.js';
import type { Row } from './report.js';
import { addPools, type StationPool, serverAddress, serverPort } from './stations.js';

/** The default table has 8,192 pages of 4 KB, more than the processor remembers the places of: a packet may have to look up its page. */
const DEFAULT_TABLE_MAX = 1.3;
const FLOW_BITS = 16;
const POOL: StationPool = { id: 1, servers: 4 };
/** Its connections have one server, whose replies are measured. */
const REPLIES: StationPool = { id: 2, servers: 1 };

const cases: readonly ProgramCase[] = [
  established('established, NAT, 64k flows', POOL.id, FLOW_BITS),
  {
    ...established('NAT replies to 64k clients', REPLIES.id, FLOW_BITS),
    device: 'r1',
    frame: reply(serverAddress(0), serverPort(REPLIES)),
  },
];

export function tableSizeRows(tools: Tools): readonly Row[] {
  const settings = { servers: POOL.servers, fill: (director: Director) => addPools(director, [POOL, REPLIES]) };
  const large = openPlace(tools, { ...settings, name: 'table-default' });
  try {
    const small = openPlace(tools, { ...settings, name: 'table-small', tableBits: FLOW_BITS + 1 });
    try {
      return cases.map((test) =>
        compared(
          'scale',
          { ...large, test: { ...test, name: `${test.name}, default table` } },
          { ...small, test: { ...test, name: 'in one made for 131,072' } },
          DEFAULT_TABLE_MAX,
        ),
      );
    } finally {
      small.close();
    }
  } finally {
    large.close();
  }
}
