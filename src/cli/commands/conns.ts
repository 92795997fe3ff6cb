// weir conns: the connections that are alive, filtered, in any number; or what comes and goes among them.
import { setTimeout } from 'node:timers/promises';
import { type ConnectionFilter, type FoundConnection, foundConnections } from '../../datapath/ebpf/observe/connection-filter.js';
import type { Tables } from '../../datapath/ebpf/table/tables.js';
import { parseAddress } from '../../model/address-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { Protocol } from '../../model/service.js';
import { parseServiceWord } from '../../model/service-word.js';
import type { Subnet } from '../../model/subnet.js';
import { parseSubnet } from '../../model/subnet-text.js';
import { CONNECTION_STATES } from '../../report/connections/connection-states.js';
import { observedReader } from '../../report/observed-reader.js';
import { command, expectWords, onlyOne } from '../command.js';
import { connectionJson, connectionLine, HEADING } from '../conns/connection-line.js';
import { Extremes } from '../conns/extremes.js';
import { type FollowEvent, Follower } from '../conns/follow.js';
import type { Flags } from '../flags.js';
import type { Io } from '../io.js';
import { readEndpoint } from '../read-endpoint.js';

const USAGE = `usage: weir conns [--tcp|--udp|--sctp] [--service SERVICE | --mark N] [--server ADDRESS[:PORT]] [--client PREFIX]
                  [--state NAME[,NAME]] [--oldest | --youngest] [--limit N] [--json]
       lists the connections that are alive, in the order of the table; it changes nothing and locks nothing
       --service   as tcp:192.0.2.1:80, mark:5, or 192.0.2.1:80 of any protocol
       --oldest    those first whose last packet is the longest ago; --youngest: the other way around (20, or --limit)
       --json      one object a line
       weir conns --follow [FILTER ...] [--json]
       looks once a second and prints what came (+), what went (-) and what has another state (=), until it is ended
       exit status: 0 listed
`;
const TYPES = {
  tcp: 'flag',
  udp: 'flag',
  sctp: 'flag',
  service: 'value',
  mark: 'value',
  server: 'value',
  client: 'value',
  state: 'value',
  oldest: 'flag',
  youngest: 'flag',
  limit: 'value',
  follow: 'flag',
  json: 'flag',
} as const;
type Given = Flags<typeof TYPES>;

const [LIMIT, SORTED_MAX, FOLLOWED_MAX] = [20, 100_000, 100_000] as const;
const LOOK_MS = 1000;
/** A look at a large table may take longer: it gets a third of the time at most. */
const REST_FACTOR = 2;

/** @throws WeirError option-value */
function readPrefix(text: string): Subnet {
  const subnet = parseSubnet(text);
  if (subnet === undefined)
    throw new WeirError('option-value', { option: '--client', expected: 'an address or a prefix such as 192.0.2.0/24', given: text });
  return subnet;
}

/** @throws WeirError option-value */
function readStates(text: string): ReadonlySet<string> {
  const names = text.toUpperCase().split(',');
  const unknown = names.find((name) => !CONNECTION_STATES.has(name));
  if (unknown !== undefined)
    throw new WeirError('option-value', { option: '--state', expected: [...CONNECTION_STATES].join(', '), given: unknown });
  return new Set(names);
}

/** @throws WeirError option-value */
function readCount(option: string, text: string, max: number): number {
  const count = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > max) throw new WeirError('option-value', { option, expected: `a number from 1 to ${max}`, given: text });
  return count;
}

/** @throws WeirError option-value */
function readServer(text: string): NonNullable<ConnectionFilter['server']> {
  const address = parseAddress(text);
  return address === undefined ? readEndpoint('--server', text) : { address };
}

const MARK_MAX = 0xffff_ffff;

/** @throws WeirError option-value */
function readService(text: string, protocol: Protocol | undefined): ConnectionFilter {
  const key = parseServiceWord(text);
  if (key === undefined) return { service: readEndpoint('--service', text) };
  if (key.kind === 'fwmark') return { mark: key.mark };
  if (protocol !== undefined && protocol !== key.protocol)
    throw new WeirError('option-value', { option: '--service', expected: `a service of ${protocol} beside --${protocol}`, given: text });
  return { protocol: key.protocol, service: { address: key.address, port: key.port } };
}

/** @throws WeirError options-exclude, option-value */
function filterOf(flags: Given): ConnectionFilter {
  const protocol = onlyOne(flags, 'tcp', 'udp', 'sctp');
  onlyOne(flags, 'service', 'mark');
  const { service, mark, server, client, state } = flags;
  return {
    ...(protocol === undefined ? {} : { protocol }),
    ...(service === undefined ? {} : readService(service, protocol)),
    ...(mark === undefined ? {} : { mark: readCount('--mark', mark, MARK_MAX) }),
    ...(server === undefined ? {} : { server: readServer(server) }),
    ...(client === undefined ? {} : { client: readPrefix(client) }),
    ...(state === undefined ? {} : { states: readStates(state) }),
  };
}

/** @throws WeirError option-value */
function sorted(found: Iterable<FoundConnection>, flags: Given): readonly FoundConnection[] {
  const room = flags.limit === undefined ? LIMIT : readCount('--limit', flags.limit, SORTED_MAX);
  const sign = flags.oldest ? -1 : 1;
  const extremes = new Extremes<FoundConnection>(room, (one, other) => sign * (one.idle - other.idle));
  for (const each of found) extremes.add(each);
  return extremes.all();
}

function* first(found: Iterable<FoundConnection>, count: number): Generator<FoundConnection> {
  let left = count;
  for (const each of found) {
    if (left-- <= 0) return;
    yield each;
  }
}

function list(tables: Tables, filter: ConnectionFilter, flags: Given, io: Io): void {
  const found = foundConnections(tables, filter);
  const limit = flags.limit === undefined ? Number.POSITIVE_INFINITY : readCount('--limit', flags.limit, Number.MAX_SAFE_INTEGER);
  const shown = flags.oldest || flags.youngest ? sorted(found, flags) : first(found, limit);
  if (!flags.json) io.out(HEADING);
  for (const each of shown) io.out(flags.json ? connectionJson(each) : connectionLine(each));
}

const SIGNS: Readonly<Record<FollowEvent, string>> = { begun: '+', state: '=', ended: '-' };

/** Until the process is ended. */
async function follow(tables: Tables, filter: ConnectionFilter, flags: Given, io: Io): Promise<never> {
  const follower = new Follower(FOLLOWED_MAX);
  let reported = false;
  for (;;) {
    const began = performance.now();
    for (const [event, found] of follower.changes(foundConnections(tables, filter)))
      io.out(flags.json ? connectionJson(found, event) : `${SIGNS[event]} ${connectionLine(found)}`);
    if (follower.isFull && !reported) {
      io.err(`weir conns: more than ${FOLLOWED_MAX} connections pass the filter, and the others are not followed\n`);
      reported = true;
    }
    io.flush();
    await setTimeout(Math.max(LOOK_MS, REST_FACTOR * (performance.now() - began)));
  }
}

export const run = command({ name: 'weir conns', usage: USAGE, types: TYPES }, async ({ flags, words }, io) => {
  expectWords(words, 0);
  onlyOne(flags, 'follow', 'oldest', 'youngest');
  onlyOne(flags, 'follow', 'limit');
  const filter = filterOf(flags);
  const reader = observedReader();
  try {
    if (flags.follow) return await follow(reader.tables, filter, flags, io);
    list(reader.tables, filter, flags, io);
  } finally {
    reader.close();
  }
  return 0;
});
