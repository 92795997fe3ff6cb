// The record by which a connection by FULLNAT that comes from another director gets its local port.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { swap16 } from '../../../wire/bytes.js';
import { ItemFlag, type StreamItem } from '../../../wire/sync/stream-item.js';
import { Abi, Dest } from '../abi.gen.js';
import { FullnatAbi } from '../fullnat.gen.js';
import { clockNow } from '../table/clock.js';
import { NO_OUTPUT, PROVEN } from '../table/living-slots.js';
import type { Tables } from '../table/tables.js';
import type { ApplyFields } from './apply-page.js';
import type { FlowFields } from './flow-pages.js';
import { proxyReport } from './flow-report.js';
import type { FoundTarget } from './item-targets.js';

/** What a flow has of its connection's value (FLOW_VALUE of fullnat-abi.h). */
const FLOW_VALUE = ((15 << (Abi.V_STATE_SHIFT - 32)) | NO_OUTPUT | PROVEN) >>> 0;

/** `connection`: its record. The result is `fields`. */
export function flowFields(
  fields: FlowFields,
  tables: Tables,
  item: StreamItem,
  { dest, wide, ftp }: FoundTarget,
  connection: ApplyFields,
): FlowFields {
  const { family } = item.destination;
  const count = family === 'inet' ? 1 : 4;
  for (let k = 0; k < 4; k++) {
    fields.client[k] = connection.client[k] ?? 0;
    fields.vaddr[k] = connection.vaddr[k] ?? 0;
    fields.local[k] = k < count ? (item.local[k] ?? 0) : 0;
  }
  fields.port = connection.port;
  fields.vport = connection.vport;
  fields.serverPort = wide ? connection.dport : tables.dests.get(dest, Dest.port);
  fields.localPort = swap16(item.localPort);
  fields.protocol = connection.protocol;
  fields.wide = wide;
  fields.dest = dest;
  fields.until = (clockNow(tables.conf) + connection.left) >>> 0;
  fields.state = ((connection.state & FLOW_VALUE) | (connection.protocol === IpProtocol.sctp ? FullnatAbi.FLOW_SCTP : 0)) >>> 0;
  const { sequence } = item;
  const hasNumbers = !ftp && (item.flags & ItemFlag.sequence) !== 0;
  fields.report = hasNumbers ? (proxyReport(family, sequence[1] ?? 0, sequence[2] ?? 0) ?? 0) : 0;
  fields.first = hasNumbers ? (sequence[0] ?? 0) : 0;
  return fields;
}
