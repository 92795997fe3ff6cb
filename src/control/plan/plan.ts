// What a reload will do, as values that print as JSON as they are. Names are those of keepalived's log. Pure.
import type { SlotShift } from './hash-slots.js';

/** `keep`: it is there before and after, the same. */
export type Action = 'add' | 'remove' | 'change' | 'keep';

/** How many live connections a line is about, and what becomes of them. */
export interface Touched {
  /** They go on. */
  readonly kept: number;
  /** Their next packet goes to another server. */
  readonly moved: number;
  /** Their packets are dropped, or find no service. */
  readonly cut: number;
  /** They were cut before and go on again. */
  readonly resumed: number;
}

/** Persistence templates: which server a client's next connection goes to. */
export interface TouchedTemplates {
  readonly kept: number;
  /** Their clients are balanced again. */
  readonly ended: number;
}

export interface Difference {
  /** `scheduler`, `weight` … */
  readonly what: string;
  readonly from: string;
  readonly to: string;
}

export interface PlannedServer {
  /** `out`: the file has it, but its checks keep it out of the table. */
  readonly action: Action | 'out';
  /** `[10.0.0.2]:tcp:80` */
  readonly server: string;
  readonly method: string;
  readonly weight: number;
  readonly differences: readonly Difference[];
  readonly connections: Touched;
  /** Of `out`: its check failed, or has not succeeded yet. */
  readonly reason?: 'failed' | 'not checked yet';
  /** Of `failed`: which check, and why, as far as it is known. */
  readonly failure?: string;
}

export interface PlannedService {
  readonly action: Action;
  /** `[192.0.2.1]:tcp:80`, `FWM 7` */
  readonly service: string;
  /** What the configuration calls it: the text of `service`, or the name of its group. */
  readonly virtualServer: string;
  readonly scheduler: string;
  /** Of the service itself. */
  readonly differences: readonly Difference[];
  readonly servers: readonly PlannedServer[];
  readonly connections: Touched;
  /** Of a document's plan, where there are any. */
  readonly templates?: TouchedTemplates;
  /** Of a document's plan, where a hash stays the scheduler and some move. */
  readonly slots?: SlotShift;
}

/** A virtual address of a VRRP instance. */
export interface PlannedAddress {
  readonly action: Action;
  /** `192.0.2.1/24` */
  readonly address: string;
  readonly interface: string;
  readonly instance: string;
  /** This host has it now. */
  readonly held: boolean;
  readonly differences: readonly Difference[];
  readonly connections: Touched;
}

export interface PlannedCheck {
  readonly action: Action;
  /** `TCP_CHECK` */
  readonly check: string;
  readonly server: string;
  readonly virtualServer: string;
  readonly differences: readonly Difference[];
}

/** Settings that are no line of the table: of a virtual server, an instance, global_defs … */
export interface PlannedSettings {
  readonly action: Action;
  /** `vrrp_instance WEB` */
  readonly object: string;
  readonly differences: readonly Difference[];
}

/** What is not as the running file and its health checks have it: it was changed by hand. */
export interface Drift {
  readonly kind: 'missing' | 'added' | 'changed';
  readonly service: string;
  /** Absent: it is the service itself. */
  readonly server?: string;
  /** From the running file to the table. */
  readonly differences: readonly Difference[];
  /** It is not of the file, so that a reload leaves it as it is. */
  readonly stays: boolean;
  readonly connections: number;
}

export interface Plan {
  /** In the order of the file; what goes comes first. */
  readonly services: readonly PlannedService[];
  readonly addresses: readonly PlannedAddress[];
  readonly checks: readonly PlannedCheck[];
  readonly settings: readonly PlannedSettings[];
  readonly drift: readonly Drift[];
  /** The director's sysctl expire_nodest_conn: what becomes of connections of a server that is removed. */
  readonly expireNodest: boolean;
  /** Of all live connections of the table, each counted once. */
  readonly connections: Touched;
  /** Besides these: connections of servers that were removed before. */
  readonly cutBefore: number;
}

export const untouched: Touched = { kept: 0, moved: 0, cut: 0, resumed: 0 };

export const sumOf = (parts: readonly Touched[]): Touched =>
  parts.reduce(
    (sum, part) => ({
      kept: sum.kept + part.kept,
      moved: sum.moved + part.moved,
      cut: sum.cut + part.cut,
      resumed: sum.resumed + part.resumed,
    }),
    untouched,
  );

const isChange = ({ action }: { readonly action: Action | 'out' }): boolean => action !== 'keep' && action !== 'out';

/** Whether a reload would change anything. */
export function hasChanges({ services, addresses, checks, settings }: Plan): boolean {
  const servers = services.flatMap((service) => service.servers);
  return [services, servers, addresses, checks, settings].some((list) => list.some(isChange));
}
