// What the proxy and its processes know of the servers of pools, as its processes, `weir proxy status` and `weir feedback` have it.

/** What a server of a pool is to the processes of the proxy from now on. */
export interface ServerOrder {
  /** As the pool has it. */
  readonly server: string;
  readonly isUp: boolean;
  /** 0: only clients that are bound to it. Need not be whole. */
  readonly weight: number;
}

export interface PoolOrder {
  readonly pool: string;
  /** Whether the loads in its servers' answers are read. */
  readonly readsReports: boolean;
  readonly servers: readonly ServerOrder[];
}

/** Of one server, since the processes began. */
export interface ServerCounts {
  /** Requests now, with WebSockets. */
  readonly conns: number;
  readonly requests: number;
  readonly answers: number;
  /** Answers of 5xx. */
  readonly serverErrors: number;
  /** Tries that got no answer, or one that was not taken. */
  readonly failures: number;
  /** From the choice of the server to the head of its answer, added up, us. */
  readonly headUs: number;
  /** Requests times the time that each was there, us. */
  readonly busyUs: number;
  /** Loads in answers: how many, and added up. */
  readonly reports: number;
  readonly reported: number;
  readonly reportFault: string;
  /** How many processes send it no requests now, because of failures. */
  readonly out: number;
}

export const NO_COUNTS: ServerCounts = {
  conns: 0,
  requests: 0,
  answers: 0,
  serverErrors: 0,
  failures: 0,
  headUs: 0,
  busyUs: 0,
  reports: 0,
  reported: 0,
  reportFault: '',
  out: 0,
};

export const addCounts = (one: ServerCounts, other: ServerCounts): ServerCounts => ({
  conns: one.conns + other.conns,
  requests: one.requests + other.requests,
  answers: one.answers + other.answers,
  serverErrors: one.serverErrors + other.serverErrors,
  failures: one.failures + other.failures,
  headUs: one.headUs + other.headUs,
  busyUs: one.busyUs + other.busyUs,
  reports: one.reports + other.reports,
  reported: one.reported + other.reported,
  reportFault: other.reportFault || one.reportFault,
  out: one.out + other.out,
});

/** By pool, then by server. */
export type PoolCounts = Readonly<Record<string, Readonly<Record<string, ServerCounts>>>>;

export interface PoolServerStatus extends ServerCounts {
  readonly server: string;
  /** `up`: it gets requests. `failing`: up by its checks, but failures keep requests from it in some process. `disabled`: `down` in the file. */
  readonly state: 'up' | 'down' | 'failing' | 'disabled';
  /** Why it is not up; empty: it is. */
  readonly why: string;
  /** ms since 1970; null: from the start. */
  readonly since: number | null;
  readonly isBackup: boolean;
  /** Whether checks judge it: its pool's, or layer 4's. */
  readonly isChecked: boolean;
  /** What the file has. */
  readonly configured: number;
  readonly weight: number;
  /** Its part of the weights of those that are up. null: it has none. */
  readonly weightShare: number | null;
  /** Of the requests of the last 10 to 20 s; null: there were none. */
  readonly share: number | null;
}

export interface PoolStatus {
  readonly pool: string;
  readonly balance: string;
  readonly servers: readonly PoolServerStatus[];
}

export interface ProxyStatus {
  readonly pid: number;
  /** The program that serves in its place; absent: the proxy itself. */
  readonly engine?: string;
  readonly listeners: readonly { readonly name: string; readonly at: string }[];
  /** `clients`: connections. */
  readonly processes: readonly { readonly number: number; readonly pid: number | null; readonly clients: number }[];
  readonly draining: number;
  readonly pools: readonly PoolStatus[];
}
