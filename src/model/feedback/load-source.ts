// How the servers of a service are asked for their load.

export type LoadSourceKind = 'weir-load' | 'agent-idle' | 'agent-weight' | 'node-exporter' | 'orca';

/** `port`: 0: the server's own. `path`: of those that speak HTTP. */
export interface LoadSource {
  readonly kind: LoadSourceKind;
  readonly port: number;
  readonly path: string;
}

export const LOAD_SOURCES: Readonly<Record<LoadSourceKind, LoadSource>> = {
  'weir-load': { kind: 'weir-load', port: 8088, path: '/weir-load' },
  'agent-idle': { kind: 'agent-idle', port: 8089, path: '' },
  'agent-weight': { kind: 'agent-weight', port: 8089, path: '' },
  'node-exporter': { kind: 'node-exporter', port: 9100, path: '/metrics' },
  orca: { kind: 'orca', port: 0, path: '/' },
};
