// Values that files of several programs have.
import type { Address } from '../../model/address.js';
import { type DestinationSpec, type ForwardingMethod, PLAIN_TUNNEL } from '../../model/service.js';
import type { CheckBlock } from './imported.js';

export const PORT_MAX = 65_535;
/** Of a service. */
export const PERSISTENCE_MAX_S = 31 * 86_400;

/** Digits alone, within bounds; undefined: it is none. */
export function wholeNumber(text: string | undefined, min: number, max: number): number | undefined {
  const value = text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}

export interface ServerNumbers {
  readonly weight?: number;
  readonly upperThreshold?: number;
}

export function destinationOf(address: Address, port: number, method: ForwardingMethod, numbers: ServerNumbers = {}): DestinationSpec {
  const { weight = 1, upperThreshold = 0 } = numbers;
  return { address, port, method, weight, upperThreshold, lowerThreshold: 0, tunnel: PLAIN_TUNNEL };
}

/** A word of keepalived.conf: quoted where it is not plain. Undefined: that file cannot hold it. */
export function quoted(text: string): string | undefined {
  if (/^[\w./:@%+,=?&-]+$/.test(text)) return text;
  return /[\n\r\0"\\]/.test(text) ? undefined : `"${text}"`;
}

export const tcpCheck = (seconds: number | undefined, port?: number): CheckBlock => ({
  keyword: 'TCP_CHECK',
  rows: [...(port === undefined ? [] : [`connect_port ${port}`]), ...(seconds === undefined ? [] : [`connect_timeout ${seconds}`])],
});
