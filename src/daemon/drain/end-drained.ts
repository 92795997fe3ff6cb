// What becomes of the connections at the end of a drain. By `reset` both ends of each get a TCP reset with the right numbers
// (control/drain/reset-round.ts), and what does not answer, or has no resets, ends in the table alone. It takes seconds, without the table's lock. By
// `remove` all end in the table alone: their servers are out of it, so the host itself answers what their clients send on by a reset. Killed in between,
// the next process that drives the drain begins it again.
import { randomInt } from 'node:crypto';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ResetRound, type RoundSegment } from '../../control/drain/reset-round.js';
import { drainedConnections, endConnections, type IsHere } from '../../datapath/ebpf/sync/drained-connections.js';
import { netnsStatePath } from '../../host/state-file.js';
import type { Family } from '../../model/address.js';
import { counted } from '../../model/counted.js';
import { type Drain, isRemoving, isResetting } from '../../model/drain/drain.js';
import type { DrainedConnection } from '../../model/drain/drained-connection.js';
import { messageOf } from '../../model/errors/message-of.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import { destinationId } from '../../model/identity.js';
import { monotonicUs } from '../../sys/clock.js';
import { hasCode, isSystemError, unlessCode } from '../../sys/errno.js';
import { Lock } from '../../sys/files/lock.js';
import { makeFolders } from '../../sys/files/make-folders.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import { PacketTap } from '../../sys/sockets/packet-tap.js';
import { RawSender } from '../../sys/sockets/raw-socket.js';
import { decodeRoute, lookUpRoute, RouteType } from '../../wire/rtnetlink-route.js';
import { bareSegmentFilter, decodeBareSegment, encodeBareSegment, endsId } from '../../wire/tcp-packet.js';
import { unlessBusy } from '../process/unless-busy.js';
import { type OnDrainEvent, take, withDirector } from './drains.js';

/** A connection is in so many rounds, which last so long: of two such answers within 0.5 s Linux gives one. */
const [ATTEMPTS, ROUND_US] = [4, 700_000];
/** Of one round. */
const BATCH = 8192;
/** Of all rounds: what is left then ends in the table alone. */
const RESETS_MAX_US = 60_000_000;
const WAIT_MS = 50;
/** After so many probes what came in is received, for which the tap has room. */
const PROBES_AT_ONCE = 256;
/** Others of this process have their turn after so many packets. */
const PACKETS_AT_ONCE = 4096;
/** No way to that end, or a full queue: the next attempt may find one. */
const UNSENT = ['ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN', 'ENOBUFS', 'EAGAIN', 'EPERM', 'EINVAL', 'EACCES'];

/**
 * Sends segments as either end. Close it after use. Servers have sockets of their own: what is for clients whose hosts are gone waits for their neighbours,
 * for seconds, and fills its socket's buffer.
 */
class EndsSender {
  readonly #senders = new Map<string, RawSender>();

  /** By the routing table: for a server that is the way to the virtual address, which is this host's, so by lo into the datapath. */
  send(segment: RoundSegment): void {
    const { address } = segment.destination;
    const sender = this.#senderOf(address.family, segment);
    unlessCode(() => sender.send(encodeBareSegment(segment), address), UNSENT, undefined);
  }

  #senderOf(family: Family, { to, mark }: RoundSegment): RawSender {
    const id = `${family} ${to} ${mark}`;
    const sender = this.#senders.get(id) ?? new RawSender(family, '', 0);
    if (!this.#senders.has(id) && mark !== 0) sender.mark(mark);
    this.#senders.set(id, sender);
    return sender;
  }

  close(): void {
    for (const sender of this.#senders.values()) sender.close();
  }
}

const portsOf = (connections: readonly DrainedConnection[], end: 'server' | 'virtual'): readonly number[] => [
  ...new Set(connections.map((connection) => connection[end].port)),
];

/** What came in within `ms` resets the ends that it is about. */
function answerWaiting(tap: PacketTap, round: ResetRound, sender: EndsSender, ms: number): void {
  for (let count = 0; count < PACKETS_AT_ONCE; count++) {
    const bytes = tap.receive(count === 0 ? ms : 0);
    if (bytes === undefined) return;
    const segment = decodeBareSegment(bytes);
    if (segment !== undefined) for (const reset of round.answered(segment)) sender.send(reset);
  }
}

/** One round: the ends of each are asked, and what they answer resets them. */
async function resetSome(connections: readonly DrainedConnection[], sender: EndsSender): Promise<ResetRound> {
  const virtual = portsOf(connections, 'virtual');
  const tap = new PacketTap(bareSegmentFilter([...new Set([...portsOf(connections, 'server'), ...virtual])], virtual));
  try {
    const round = new ResetRound(connections, randomInt(2 ** 32));
    let sent = 0;
    for (const segment of round.probes()) {
      sender.send(segment);
      sent += 1;
      if (sent % PROBES_AT_ONCE !== 0) continue;
      answerWaiting(tap, round, sender, 0);
      await delay(0);
    }
    const endUs = monotonicUs() + ROUND_US;
    while (monotonicUs() < endUs) {
      answerWaiting(tap, round, sender, WAIT_MS);
      await delay(0);
    }
    return round;
  } finally {
    tap.close();
  }
}

/** Is a virtual address this host's? Where it is at a peer, so are the packets of its connections. */
function isHereBy(netlink: Netlink): IsHere {
  return (address) => {
    try {
      return decodeRoute(netlink.get(lookUpRoute(address), 'look up a route'))?.type === RouteType.local;
    } catch (error) {
      if (!hasCode(error, 'ENETUNREACH', 'EHOSTUNREACH', 'EINVAL', 'EACCES')) throw error;
      return false;
    }
  };
}

/** Of a connection: in how many rounds it was, whether an end has answered in the last one, and which ends have in any. */
interface Attempted {
  readonly rounds: number;
  readonly answered: boolean;
  readonly client: boolean;
  readonly server: boolean;
}

const UNASKED: Attempted = { rounds: 0, answered: false, client: false, server: false };

function attempted(before: Attempted, round: ResetRound, connection: DrainedConnection): Attempted {
  const [client, server] = [round.hasAnswered(connection, 'client'), round.hasAnswered(connection, 'server')];
  return {
    rounds: before.rounds + 1,
    answered: client || server,
    client: before.client || client,
    server: before.server || server,
  };
}

/** How many connections were closed by resets. */
interface ResetCounts {
  /** An answer of the client has the numbers of both ends. */
  readonly both: number;
  /** The client answered nothing: its host is gone. */
  readonly serverAlone: number;
}

/** A round in which no end answers for one that is closed proves that its server has none any more. */
function isDue({ isClosed }: DrainedConnection, attempted: Attempted | undefined): boolean {
  if (attempted === undefined) return !isClosed;
  return attempted.rounds < ATTEMPTS && (!isClosed || attempted.answered);
}

async function resetAll(drain: Drain, isHere: IsHere): Promise<ResetCounts> {
  const attempts = new Map<string, Attempted>();
  const idOf = ({ client, virtual, server }: DrainedConnection): string => `${endsId(client, virtual)} ${destinationId(server)}`;
  const endUs = monotonicUs() + RESETS_MAX_US;
  const sender = new EndsSender();
  try {
    for (;;) {
      const left = withDirector(({ tables }) => drainedConnections(tables, drain, isHere));
      const due = left.filter((connection) => isDue(connection, attempts.get(idOf(connection)))).slice(0, BATCH);
      if (due.length === 0 || monotonicUs() >= endUs) {
        const open = new Set(left.filter(({ isClosed }) => !isClosed).map(idOf));
        const closed = [...attempts].filter(([id]) => !open.has(id)).map(([, one]) => one);
        return {
          both: closed.filter(({ client }) => client).length,
          serverAlone: closed.filter(({ client, server }) => server && !client).length,
        };
      }
      const round = await resetSome(due, sender);
      for (const connection of due) {
        const id = idOf(connection);
        attempts.set(id, attempted(attempts.get(id) ?? UNASKED, round, connection));
      }
    }
  } finally {
    sender.close();
  }
}

/** Why the rest could not be done, as a part of the event's text. @throws what is no obstacle of the host */
function obstacleText(error: unknown): string {
  if (!isWeirError(error) && !isSystemError(error)) throw error;
  return `not all could be ended: ${messageOf(error)}`;
}

function textOf({ both, serverAlone }: ResetCounts, ended: number): string {
  const gone = serverAlone === 0 ? '' : `, ${serverAlone} at the server alone, whose client answered nothing`;
  return `${counted(both, 'connection')} reset at both ends${gone}, ${ended} ended in the table alone`;
}

/** What was done; undefined: it is to be begun again. */
async function endText(drain: Drain): Promise<string | undefined> {
  const netlink = new Netlink();
  try {
    const isHere = isHereBy(netlink);
    const counts = isRemoving(drain) ? undefined : await resetAll(drain, isHere);
    // undefined: a table moves, or another process has the lock.
    const ended = unlessBusy(() => withDirector((director) => director.exclusively(() => endConnections(director.tables, drain, isHere))));
    if (ended === undefined) return undefined;
    return counts === undefined ? `its servers are out of the table, and ${counted(ended, 'connection')} with them` : textOf(counts, ended);
  } catch (error) {
    return obstacleText(error);
  } finally {
    netlink.close();
  }
}

/** One process does so, as long as that takes. */
function alone(): Lock | undefined {
  const path = netnsStatePath('drain').replace(/json$/, 'reset.lock');
  makeFolders(dirname(path));
  return unlessBusy(() => Lock.take(path, { waitMs: 0 }));
}

const isEnding = (drain: Drain): boolean => isResetting(drain) || isRemoving(drain);

function markDone(drain: Drain, text: string, onEvent: OnDrainEvent): true {
  withDirector((director) =>
    director.exclusively(() => {
      const record = director.drainRecord();
      // It may have been cancelled meanwhile.
      const isDue = record.drains.some((each) => each.id === drain.id && isEnding(each));
      if (isDue) take(director, record, { kind: 'done', id: drain.id, text }, onEvent);
    }),
  );
  return true;
}

/** Ends what these drains ask for, and marks it as done: true where it did for any. Nothing where another process does so. */
export async function endDrained(drains: readonly Drain[], onEvent: OnDrainEvent): Promise<boolean> {
  const due = drains.filter(isEnding);
  const lock = due.length === 0 ? undefined : alone();
  if (lock === undefined) return false;
  let marked = false;
  try {
    for (const drain of due) {
      const text = await endText(drain);
      if (text === undefined) continue;
      // Not marked, where the lock is held, it is done once more at the next turn.
      marked = unlessBusy(() => markDone(drain, text, onEvent)) === true || marked;
    }
  } finally {
    lock.release();
  }
  return marked;
}
