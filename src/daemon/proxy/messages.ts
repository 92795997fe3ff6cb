// What the supervisor of the proxy and its processes send each other. Values that JSON has.
import type { Certificates } from '../../host/certificates.js';
import { endpointText } from '../../model/endpoint-text.js';
import type { Layer7 } from '../../model/layer7/layer7.js';
import type { Listener } from '../../model/layer7/listener.js';
import type { PoolCounts, PoolOrder } from '../../model/layer7/pool-status.js';
import type { AccessLogFormat } from '../../proxy/access-log.js';

/** The name of a listening socket, which is another one where its address or port is. */
export const socketKey = ({ address, port }: Listener): string => endpointText({ address, port });

/** Where a process finds a listening socket that the supervisor made. */
export interface ListenerSocket {
  readonly name: string;
  readonly fd: number;
}

export interface ProxySettings {
  readonly model: Layer7;
  /** Hexadecimal: the same for all processes. */
  readonly secret: string;
  readonly explainToken?: string;
  /** Of listeners with TLS, by their names: they were read and examined, so that no process needs the files. */
  readonly certificates: Certificates;
}

export interface AccessLogSettings {
  readonly path: string;
  readonly format: AccessLogFormat;
}

export type ToWorker =
  | {
      readonly kind: 'start';
      readonly settings: ProxySettings;
      readonly ticketKeys: string;
      readonly sockets: readonly ListenerSocket[];
      readonly log?: AccessLogSettings;
      readonly orders: readonly PoolOrder[];
    }
  | { readonly kind: 'configure'; readonly settings: ProxySettings; readonly ticketKeys: string; readonly orders: readonly PoolOrder[] }
  /** Hexadecimal, of TLS's session tickets: the same for all processes. */
  | { readonly kind: 'ticket-keys'; readonly ticketKeys: string }
  /** Verdicts of checks and weights, of all pools. */
  | { readonly kind: 'orders'; readonly orders: readonly PoolOrder[] }
  | { readonly kind: 'reopen-log' }
  /** Stop accepting, end what is idle, exit with the last connection or at the deadline. `closing`: of the listeners those that no process has then. */
  | { readonly kind: 'drain'; readonly deadlineMs: number; readonly closing: readonly string[] };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'alive'; readonly clients: number; readonly counts: PoolCounts }
  | { readonly kind: 'fault'; readonly text: string };
