// Between connections and the entries of the kernel's synchronisation: what a director of the kernel is sent of ours, and what it means for us.
import type { ForeignConnection } from '../../model/foreign-connection.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import type { ForwardingMethod } from '../../model/service.js';
import { isTemplate, SYNC_METHODS, type SyncEntry, SyncFlag } from '../../wire/sync-entry.js';

/** ESTABLISHED, FIN_WAIT, TIME_WAIT, CLOSE and CLOSE_WAIT: a handshake is no other director's matter (ip_vs_sync_conn_needed). */
const TCP_ANNOUNCED: ReadonlySet<number> = new Set([1, 4, 5, 6, 7]);
/** ESTABLISHED, SHUTDOWN_SENT, SHUTDOWN_RECEIVED, SHUTDOWN_ACK_SENT and CLOSED. */
const SCTP_ANNOUNCED: ReadonlySet<number> = new Set([8, 9, 10, 11, 13]);

/** Does a master announce a connection of this state? */
export function isAnnounced({ protocol, state }: Pick<ForeignConnection, 'protocol' | 'state'>): boolean {
  if (protocol === IpProtocol.tcp) return TCP_ANNOUNCED.has(state);
  return protocol !== IpProtocol.sctp || SCTP_ANNOUNCED.has(state);
}

/** The kernel has no FULLNAT: to it that is masquerading, from an address that it does not know. */
const methodNumber = (method: ForwardingMethod): number => SYNC_METHODS.indexOf(method === 'fullnat' ? 'masq' : method);

/** What is announced of a connection. Its flags are those that the kernel's own would have. */
export function entryOf(connection: ForeignConnection): SyncEntry {
  const { protocol, client, virtual, server, mark, method, state, timeout, late } = connection;
  const unanswered = method === 'masq' || method === 'fullnat' ? 0 : SyncFlag.noOutput;
  const unknownPort = client.port === 0 ? SyncFlag.noClientPort : 0;
  return {
    family: client.address.family,
    protocol,
    flags: methodNumber(method) | unanswered | unknownPort | (late ? SyncFlag.inactive : 0),
    state,
    client,
    virtual,
    destination: server,
    mark,
    timeout,
  };
}

const methodOf = (flags: number): ForwardingMethod | undefined => {
  const name = SYNC_METHODS[flags & SyncFlag.method];
  return name === 'bypass' ? undefined : name;
};

/** The connection that an entry is about; undefined: it is about a template, or one past the servers. */
export function connectionOf(entry: SyncEntry): ForeignConnection | undefined {
  const method = methodOf(entry.flags);
  if (isTemplate(entry) || method === undefined) return undefined;
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
  };
}
