// What the API sends, as far as the dashboard shows it: by the shapes of its routes, where they have all of it; else as `weir status --json` has it.
import type * as z from 'zod';
import type { startedShape } from '../../src/api/values/drain-shapes.js';
import type { entryShape } from '../../src/api/values/entry-shape.js';
import type { listShape, serverShape, serviceShape } from '../../src/api/values/service-value.js';

export type Service = z.infer<typeof serviceShape>;
export type Server = z.infer<typeof serverShape>;
export type Table = z.infer<typeof listShape>;
export type DrainStarted = z.infer<typeof startedShape>;
export type Change = z.infer<typeof entryShape>;

export interface FailedCheck {
  readonly check: string;
  readonly reason: string;
  readonly since: string | null;
}

/** As `weir drain status --json` prints it. */
export interface Drain {
  readonly id: string;
  readonly target: string;
  readonly also: readonly string[];
  readonly state: 'draining' | 'empty' | 'deadline' | 'cancelled';
  readonly holds: boolean;
  readonly startedAt: string;
  readonly deadlineInS: number;
  readonly forecastS: number | null;
  readonly remaining: { readonly open: number; readonly over: number; readonly persistent: number } | null;
}

export interface Drains {
  readonly drains: readonly Drain[];
}

/** As `weir api GET /v1/overrides` prints it. */
export interface Override {
  readonly target: string;
  readonly state: 'ready' | 'drain' | 'maintenance';
  /** Only of `ready`. */
  readonly weight: number | null;
  readonly reason: string;
  readonly owner: string;
  readonly since: string;
  /** null: until it is taken away. */
  readonly until: string | null;
}

export interface Overrides {
  readonly overrides: readonly Override[];
}

export interface Attempts {
  readonly success: number;
  readonly failure: number;
  readonly not_made: number;
  readonly abandoned: number;
  readonly last: {
    readonly check: string;
    readonly result: 'success' | 'failure' | 'not-made' | 'abandoned';
    readonly text: string;
    readonly at: string;
    readonly seconds: number;
  };
}

export interface RealHealth {
  readonly server: string;
  readonly up: boolean;
  readonly since: string | null;
  readonly weight: number;
  readonly checks: number;
  readonly unchecked: number;
  readonly timesDown: number;
  readonly downUs?: number;
  readonly failed: readonly FailedCheck[];
  readonly notMade: readonly { readonly check: string; readonly reason: string }[];
  readonly maintained?: boolean;
  readonly attempts: Attempts | null;
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

export interface Sessions {
  readonly sessions: readonly {
    readonly name: string;
    readonly neighbour: string;
    readonly state: 'AdminDown' | 'Down' | 'Init' | 'Up';
    readonly remote_state: string;
    readonly since: string | null;
    readonly diagnostic: string;
    readonly times_down: number;
  }[];
}

export interface Vips {
  readonly vips: readonly {
    readonly address: string;
    readonly prefix_length: number;
    readonly interface: string;
    readonly present: boolean;
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

export interface Changes {
  readonly changes: readonly Change[];
}

export interface Discovery {
  readonly version: string;
  readonly resources: readonly { readonly path: string; readonly methods: readonly string[] }[];
}

export interface TrafficHistory {
  readonly samples: readonly {
    readonly at: string;
    readonly totals: Table['totals'];
    readonly dropped: string;
  }[];
}
