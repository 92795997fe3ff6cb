// One connection as a line of text, or as one of JSON.
import type { FoundConnection } from '../../datapath/ebpf/observe/connection-filter.js';
import { endpointText } from '../../model/endpoint-text.js';

const COLUMNS = [5, 22, 22, 22, 7, 12, 8, 6] as const;

const columns = (texts: readonly string[]): string =>
  texts
    .map((text, k) => text.padEnd(COLUMNS[k] ?? 0))
    .join(' ')
    .trimEnd();

export const HEADING = `${columns(['proto', 'client', 'virtual', 'server', 'method', 'state', 'expires', 'idle'])}\n`;

export function connectionLine({ protocol, client, virtual, destination, method, state, expires, idle }: FoundConnection): string {
  const ends = [client, virtual, destination].map((end) => endpointText(end));
  return `${columns([protocol, ...ends, method, state, String(expires), String(idle)])}\n`;
}

/** `event`: of --follow. */
export function connectionJson(found: FoundConnection, event?: string): string {
  const { protocol, client, virtual, destination, method, state, expires, idle } = found;
  const [from, to, server] = [client, virtual, destination].map((end) => endpointText(end));
  const line = { ...(event === undefined ? {} : { event }), protocol, client: from, virtual: to, server, method, state, expires, idle };
  return `${JSON.stringify(line)}\n`;
}
