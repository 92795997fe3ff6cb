// One connection as a line of text, or as one of JSON.
import type { FoundConnection } from '../../datapath/ebpf/observe/connection-filter.js';
import { endpointText } from '../../model/endpoint-text.js';
import { connectionValue, serverOf } from '../../report/connections/connection-value.js';

const COLUMNS = [5, 22, 22, 22, 7, 12, 8, 6, 22] as const;

const columns = (texts: readonly string[]): string =>
  texts
    .map((text, k) => text.padEnd(COLUMNS[k] ?? 0))
    .join(' ')
    .trimEnd();

export const HEADING = `${columns(['proto', 'client', 'virtual', 'server', 'method', 'state', 'expires', 'idle', 'local'])}\n`;

export function connectionLine(found: FoundConnection): string {
  const { protocol, client, virtual, method, state, expires, idle, local } = found;
  const ends = [endpointText(client), endpointText(virtual), serverOf(found) ?? '-'];
  const own = local === undefined ? '' : endpointText(local);
  return `${columns([protocol, ...ends, method, state, String(expires), String(idle), own])}\n`;
}

/** `event`: of --follow. */
export function connectionJson(found: FoundConnection, event?: string): string {
  return `${JSON.stringify({ ...(event === undefined ? {} : { event }), ...connectionValue(found) })}\n`;
}
