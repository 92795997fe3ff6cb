// How the report of a client to its server goes with a connection by FULLNAT: as the numbers of its bytes.
import type { Family } from '../../../model/address.js';
import { ClientAddress, FullnatAbi, ReportState } from '../fullnat.gen.js';

/** The PROXY header of version 2 with the two ends of a connection (proxy-header.h). */
export const PROXY_HEADER_BYTES: Readonly<Record<Family, number>> = { inet: 28, inet6: 52 };

/**
 * A flow's `report`, by the numbers of what the client sends: their shift, and that before the first byte. undefined: no header has such ones. That it was
 * sent is assumed: it goes again with what begins at the first byte.
 */
export function proxyReport(family: Family, delta: number, previousDelta: number): number | undefined {
  const bytes = PROXY_HEADER_BYTES[family];
  if (delta !== bytes || (previousDelta !== bytes && previousDelta !== 0)) return undefined;
  const state = previousDelta === 0 ? ReportState.REPORT_SENT : ReportState.REPORT_KNOWN;
  return ClientAddress.CLIENT_PROXY | (state << FullnatAbi.REPORT_STATE_SHIFT);
}
