// How the servers of a service are asked for their load.

export type LoadSourceKind =
  | 'weir-load'
  | 'agent-idle'
  | 'agent-weight'
  | 'node-exporter'
  | 'orca'
  | 'connections'
  | 'proxy-requests'
  | 'proxy-orca';

/** What the proxy itself measured of the servers of a pool. */
const isOfProxy = (kind: LoadSourceKind): kind is 'proxy-requests' | 'proxy-orca' => kind === 'proxy-requests' || kind === 'proxy-orca';

/** What is measured without a question to the servers: of a pool by the proxy, of a service of layer 4 by the director. */
export const isMeasured = (kind: LoadSourceKind): boolean => isOfProxy(kind) || kind === 'connections';

/** `port`: 0: the server's own. `path`: of those that speak HTTP. */
export interface LoadSource {
  readonly kind: LoadSourceKind;
  readonly port: number;
  readonly path: string;
  /** Of `proxy-requests` and `connections`: so many of them a server works on at a time. */
  readonly concurrency?: number;
}

export const LOAD_SOURCES: Readonly<Record<LoadSourceKind, LoadSource>> = {
  'weir-load': { kind: 'weir-load', port: 8088, path: '/weir-load' },
  'agent-idle': { kind: 'agent-idle', port: 8089, path: '' },
  'agent-weight': { kind: 'agent-weight', port: 8089, path: '' },
  'node-exporter': { kind: 'node-exporter', port: 9100, path: '/metrics' },
  orca: { kind: 'orca', port: 0, path: '/' },
  connections: { kind: 'connections', port: 0, path: '' },
  'proxy-requests': { kind: 'proxy-requests', port: 0, path: '' },
  'proxy-orca': { kind: 'proxy-orca', port: 0, path: '' },
};

/** It measures by how many requests or connections a server works on at a time. */
export const needsConcurrency = (kind: LoadSourceKind): boolean => kind === 'proxy-requests' || kind === 'connections';

/** What must be otherwise for this source; undefined: it fits. */
export function sourceMisfit(kind: LoadSourceKind, isPool: boolean, concurrency: number | undefined): string | undefined {
  if (isOfProxy(kind) && !isPool) return 'a source that is not the proxy: only a pool has that one';
  if (kind === 'connections' && isPool) return 'a source that is not connections: of a pool the proxy knows its requests (proxy-requests)';
  const needs = needsConcurrency(kind);
  if (needs && concurrency === undefined)
    return 'a source with its concurrency: how many requests or connections a server works on at a time';
  if (!needs && concurrency !== undefined) return 'proxy-requests or connections where there is a concurrency';
  return undefined;
}
