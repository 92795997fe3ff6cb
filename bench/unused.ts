// Rows of part 8: what the packets of an exact service of TCP cost where services of SCTP and of a firewall mark are loaded beside it, too.
import type { Director } from '../src/datapath/director.js';
import { compared } from './comparison.js';
import { openPlace, type Place, type Tools } from './place.js';
import { established, opening, type ProgramCase, reply, request, SYN } from './program-cases.js';
import type { Row } from './report.js';
import { addPools, type StationPool, serverAddress, serverPort } from './stations.js';

/** What is not used costs nothing; the rest is what one run differs from the next. */
const UNUSED_MAX = 1.15;
const SERVERS = 4;
const MARK = 7;
const POOL: StationPool = { id: 1, servers: SERVERS };
/** Its connections have one server, whose replies are measured. */
const REPLIES: StationPool = { id: 2, servers: 1 };

/** Their programs and tables are loaded with them, and stay. */
function addUnused(director: Director): void {
  const rest = { scheduler: 'rr', schedFlags: 0, onePacket: false } as const;
  director.addService({ key: { kind: 'fwmark', family: 'inet', mark: MARK }, ...rest });
  director.addService({
    key: { kind: 'address', protocol: 'sctp', address: { family: 'inet', words: [serverAddress(SERVERS)] }, port: 80 },
    ...rest,
  });
}

const packets: readonly ProgramCase[] = [
  established('established, NAT, 1 flow', POOL.id, 0),
  established('established, NAT, 64k flows', POOL.id, 16),
  { ...established('NAT replies, 1 flow', REPLIES.id, 0), device: 'r1', frame: reply(serverAddress(0), serverPort(REPLIES)) },
  { ...opening('new connections, NAT, cold table', 'more', 20, 2 ** 15, {}), frame: request(POOL.id, SYN) },
];
const cases = packets.flatMap((test) => [test, { ...test, name: `by tc: ${test.name}`, kind: 'tc' as const }]);

export function unusedRows(tools: Tools): readonly Row[] {
  const open = (name: string, fill: (director: Director) => void): Place => openPlace(tools, { name, servers: SERVERS, fill });
  const plain = open('unused-none', (director) => addPools(director, [POOL, REPLIES]));
  try {
    const beside = open('unused-beside', (director) => {
      addPools(director, [POOL, REPLIES]);
      addUnused(director);
    });
    try {
      return cases.map((test) => {
        const besideOthers = { ...beside, test: { ...test, name: `${test.name}, beside services of SCTP and of a mark` } };
        return compared('scale', besideOthers, { ...plain, test: { ...test, name: 'alone' } }, UNUSED_MAX);
      });
    } finally {
      beside.close();
    }
  } finally {
    plain.close();
  }
}
