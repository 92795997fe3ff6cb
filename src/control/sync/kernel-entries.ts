// Between connections and the entries of the kernel's synchronisation: what a director of the kernel is sent of ours, and what it means for us.
import type { ForeignConnection } from '../../model/foreign-connection.js';
import type { ForeignTemplate } from '../../model/foreign-template.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import { SIP } from '../../model/persistence-engine.js';
import type { ForwardingMethod } from '../../model/service.js';
import { bytesOfText } from '../../wire/bytes.js';
import { isTemplate, SEQUENCE_FLAGS, type SequenceShift, SYNC_METHODS, type SyncEntry, SyncFlag } from '../../wire/sync/sync-entry.js';

/** ESTABLISHED, FIN_WAIT, TIME_WAIT, CLOSE and CLOSE_WAIT: a handshake is no other director's matter (ip_vs_sync_conn_needed). */
const TCP_ANNOUNCED: ReadonlySet<number> = new Set([1, 4, 5, 6, 7]);
/** ESTABLISHED, SHUTDOWN_SENT, SHUTDOWN_RECEIVED, SHUTDOWN_ACK_SENT and CLOSED. */
const SCTP_ANNOUNCED: ReadonlySet<number> = new Set([8, 9, 10, 11, 13]);
/** A connection has just had a packet: what is left of its time is rounded down. */
const JUST_SECONDS = 1;

/** Does a master announce a connection of this state? Not one that is about to end: 0 stands for all of its time. */
export function isAnnounced({ protocol, state, seconds }: Pick<ForeignConnection, 'protocol' | 'state' | 'seconds'>): boolean {
  if (seconds === 0) return false;
  if (protocol === IpProtocol.tcp) return TCP_ANNOUNCED.has(state);
  return protocol !== IpProtocol.sctp || SCTP_ANNOUNCED.has(state);
}

/** The kernel has no FULLNAT: to it that is masquerading, from an address that it does not know. */
const methodFlags = (method: ForwardingMethod): number =>
  method === 'masq' || method === 'fullnat' ? SYNC_METHODS.indexOf('masq') : SYNC_METHODS.indexOf(method) | SyncFlag.noOutput;

const isShift = ({ delta, previousDelta }: SequenceShift): boolean => delta !== 0 || previousDelta !== 0;

/** The flags state which way is shifted, and the kernel carries both. */
function sequenceOf(shifts: ForeignConnection['shifts']): Pick<SyncEntry, 'sequence'> & { readonly flags: number } {
  if (shifts === undefined) return { flags: 0 };
  const [of, out] = [0, 3].map((at) => {
    const [initial = 0, delta = 0, previousDelta = 0] = shifts.slice(at);
    return { initial, delta, previousDelta };
  }) as [SequenceShift, SequenceShift];
  const flags = (isShift(of) ? SyncFlag.inSequence : 0) | (isShift(out) ? SyncFlag.outSequence : 0);
  return flags === 0 ? { flags } : { flags, sequence: { in: of, out } };
}

/**
 * What is announced of a connection. Its flags are those that the kernel's own would have. Its time is that of its state, as the kernel's, right after a packet of it,
 * and then what is left: here more is announced than the kernel does, also what came from another director, and with all of the time two that are master and
 * backup at the same time would keep alive for ever what each has from the other.
 */
export function entryOf(connection: ForeignConnection): SyncEntry {
  const { protocol, client, virtual, server, mark, method, state, seconds, timeout, late, shifts } = connection;
  const unknownPort = client.port === 0 ? SyncFlag.noClientPort : 0;
  const { flags, ...sequence } = sequenceOf(shifts);
  return {
    ...sequence,
    family: client.address.family,
    protocol,
    flags: methodFlags(method) | unknownPort | (late ? SyncFlag.inactive : 0) | flags,
    state,
    client,
    virtual,
    destination: server,
    mark,
    timeout: timeout - seconds > JUST_SECONDS ? seconds : timeout,
  };
}

const methodOf = (flags: number): ForwardingMethod | undefined => {
  const name = SYNC_METHODS[flags & SyncFlag.method];
  return name === 'bypass' ? undefined : name;
};

/** A way counts where its flag is set. Absent: neither is shifted. */
function shiftsOf({ flags, sequence }: SyncEntry): Pick<ForeignConnection, 'shifts'> {
  if (sequence === undefined || (flags & SEQUENCE_FLAGS) === 0) return {};
  const shifts = (
    [
      ['in', SyncFlag.inSequence],
      ['out', SyncFlag.outSequence],
    ] as const
  ).flatMap(([way, flag]) => {
    const { initial, delta, previousDelta } = sequence[way];
    return (flags & flag) === 0 ? [0, 0, 0] : [initial, delta, previousDelta];
  });
  return { shifts };
}

/** Of these a director has connections: AH and ESP go by those of UDP. */
const CONNECTED: ReadonlySet<number> = new Set([IpProtocol.tcp, IpProtocol.udp, IpProtocol.sctp]);

/** The connection that an entry is about; undefined: it is about a template, one past the servers, or one of a protocol that has none. */
export function connectionOf(entry: SyncEntry): ForeignConnection | undefined {
  const method = methodOf(entry.flags);
  if (isTemplate(entry) || method === undefined || !CONNECTED.has(entry.protocol)) return undefined;
  const { protocol, client, virtual, destination, mark, state, timeout, flags } = entry;
  return {
    protocol,
    client,
    virtual,
    server: destination,
    mark,
    method,
    state,
    seconds: timeout,
    timeout,
    late: (flags & SyncFlag.inactive) !== 0,
    ...shiftsOf(entry),
  };
}

const TEMPLATE_ASSURED = 1;

/** What is announced of a template. Of a mark, this stands in the virtual address's place, and nothing has a protocol. */
export function templateEntry(template: ForeignTemplate): SyncEntry {
  const { protocol, client, virtual, server, mark, method, assured, timeout, call } = template;
  const { family } = client;
  const marked = { family, words: family === 'inet' ? [mark] : [mark, 0, 0, 0] };
  return {
    family,
    protocol,
    flags: methodFlags(method) | SyncFlag.template | SyncFlag.inactive,
    state: assured ? TEMPLATE_ASSURED : 0,
    client: { address: client, port: 0 },
    virtual: mark === 0 ? virtual : { address: marked, port: 0 },
    destination: server,
    mark,
    timeout,
    ...(call !== undefined && { engine: { name: SIP, data: bytesOfText(call) } }),
  };
}

/** The template that an entry is about; undefined: it is about a connection, or a template of another engine than SIP's. */
export function templateOf(entry: SyncEntry): ForeignTemplate | undefined {
  const method = methodOf(entry.flags);
  const { protocol, client, virtual, destination, mark, state, timeout, engine } = entry;
  if (!isTemplate(entry) || method === undefined || (engine !== undefined && engine.name !== SIP)) return undefined;
  return {
    protocol,
    client: client.address,
    virtual,
    server: destination,
    mark: protocol === 0 ? mark || (virtual.address.words[0] ?? 0) : 0, // version 0 has no marks
    method,
    assured: state === TEMPLATE_ASSURED,
    seconds: timeout,
    timeout,
    ...(engine !== undefined && { call: String.fromCharCode(...engine.data) }),
  };
}
