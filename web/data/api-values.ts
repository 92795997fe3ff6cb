// What the API sends, as far as the dashboard shows it (docs/api.md, docs/openapi.json).

export interface Counters {
  readonly connections: string;
  readonly packets_in: string;
  readonly packets_out: string;
  readonly bytes_in: string;
  readonly bytes_out: string;
}

export interface Rates {
  readonly connections: number;
  readonly packets_in: number;
  readonly packets_out: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
}

export interface FailedCheck {
  readonly check: string;
  readonly reason: string;
  readonly since: string | null;
}

export interface ServerHealth {
  readonly up: boolean;
  readonly since: string | null;
  readonly checks: number;
  readonly unchecked: number;
  readonly times_down: number;
  readonly failed: readonly FailedCheck[];
}

export interface Server {
  readonly id: string;
  readonly method: string;
  readonly weight: number;
  readonly active: number;
  readonly inactive: number;
  readonly persistent: number;
  readonly health: ServerHealth | null;
  readonly counters: Counters;
  readonly rates: Rates;
}

export interface Service {
  readonly id: string;
  readonly protocol?: string;
  readonly address?: string;
  readonly port?: number;
  readonly mark?: number;
  readonly scheduler: string;
  readonly active: number;
  readonly inactive: number;
  readonly persistent: number;
  readonly health: { readonly quorum_up: boolean; readonly quorum: number; readonly sorry: boolean; readonly suspended: boolean } | null;
  readonly counters: Counters;
  readonly rates: Rates;
  readonly servers: readonly Server[];
}

export interface Table {
  readonly generation: number;
  readonly totals: Counters;
  readonly services: readonly Service[];
}

export interface RealHealth {
  readonly server: string;
  readonly up: boolean;
  readonly since: string | null;
  readonly weight: number;
  readonly checks: number;
  readonly unchecked: number;
  readonly timesDown: number;
  readonly failed: readonly FailedCheck[];
  readonly notMade: readonly { readonly check: string; readonly reason: string }[];
}

export interface VirtualHealth {
  /** As keepalived's lines have it: `[192.0.2.1]:tcp:80`, `FWM 1`. */
  readonly name: string;
  readonly quorumUp: boolean;
  readonly quorum: number;
  readonly sorry: boolean;
  readonly suspended: boolean;
  readonly servers: readonly RealHealth[];
}

export interface Checks {
  readonly virtual_servers: readonly VirtualHealth[];
}

export interface Instances {
  readonly instances: readonly {
    readonly name: string;
    readonly state: 'MASTER' | 'BACKUP' | 'FAULT' | 'INIT';
    readonly since: string | null;
    readonly interface: string;
    readonly virtualRouterId: number;
    readonly priority: number;
    readonly faults: readonly string[];
  }[];
}

export interface Drops {
  readonly total: Readonly<Record<string, string>>;
  readonly recent: { readonly seconds: number; readonly counts: Readonly<Record<string, string>> } | null;
  readonly reasons: Readonly<Record<string, string>>;
}

export interface Finding {
  readonly severity: 'error' | 'warning' | 'info';
  readonly code: string;
  readonly what: string;
  readonly cause: string;
  readonly fix?: string;
  readonly on?: string;
  readonly advice?: string;
}

export interface Doctor {
  readonly role: string;
  readonly findings: readonly Finding[];
}

export interface Connection {
  readonly protocol: string;
  readonly client: string;
  readonly virtual: string;
  readonly server: string | null;
  readonly method: string;
  readonly state: string;
  readonly expires: number;
  readonly idle: number;
}

export interface Connections {
  readonly connections: readonly Connection[];
  readonly next: number | null;
}

export interface Status {
  readonly version: string;
  readonly datapath: { readonly state: string; readonly since: string | null };
  readonly table: { readonly connections: number; readonly fill: number } | null;
}

export interface Change {
  readonly id: string;
  readonly at: string;
  readonly author: string;
  readonly commands: readonly string[];
}

export interface Changes {
  readonly changes: readonly Change[];
}

export interface Discovery {
  readonly version: string;
  readonly resources: readonly { readonly path: string; readonly methods: readonly string[] }[];
}
