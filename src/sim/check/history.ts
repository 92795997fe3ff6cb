// A history of health checks as data: what the daemon is configured to do, and what happens to servers, process and host when. It can be
// printed, shrunk and run again.
import type { CheckSettings } from '../../control/check/messages.js';
import type { CheckKind, VirtualServer } from '../../model/keepalived/virtual-server.js';
import type { CommonHistory } from '../history.js';

/** What a file states for the checker. */
export interface Configuration {
  readonly servers: readonly VirtualServer[];
  readonly settings: CheckSettings;
}

/** How a host answers attempts. `partial`: only checks of these kinds fail. `flaky`: a share of the attempts fails. */
export type Behaviour =
  | { readonly kind: 'answers' }
  | { readonly kind: 'refuses' }
  /** Nothing comes back: attempts end with their timeout. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'flaky'; readonly share: number }
  | { readonly kind: 'partial'; readonly failing: readonly CheckKind['kind'][] };

/** A script's exit status; `hangs`: it runs until its timeout; `killed`: it ends by a signal. */
export type ScriptBehaviour = number | 'hangs' | 'killed';

export type Disturbance =
  | { readonly kind: 'start' | 'resume' }
  /** `keepServers`: -I */
  | { readonly kind: 'stop'; readonly keepServers: boolean }
  /** kill -9: the table and the file of health stay. */
  | { readonly kind: 'kill' }
  /** The host loses power: nothing stays. */
  | { readonly kind: 'crash' }
  /** The process does not run until `resume`. `frozen`: its clock stops, too. `timersFirst`: it is woken before what waits in sockets. */
  | { readonly kind: 'pause'; readonly frozen: boolean; readonly timersFirst: boolean }
  | { readonly kind: 'reload'; readonly configuration: Configuration; readonly what: string }
  | { readonly kind: 'host'; readonly address: string; readonly behaviour: Behaviour }
  | { readonly kind: 'script'; readonly name: string; readonly behaviour: ScriptBehaviour }
  /** A tracked file's value; undefined: it is missing. */
  | { readonly kind: 'file'; readonly name: string; readonly value: number | undefined }
  | { readonly kind: 'bfd'; readonly name: string; readonly up: boolean }
  /** The address of virtual servers is on an interface, or on none. */
  | { readonly kind: 'address'; readonly id: string; readonly present: boolean }
  /** No descriptors or processes are left: attempts cannot be made. */
  | { readonly kind: 'sockets'; readonly available: boolean }
  /** Another process holds the lock of the table. */
  | { readonly kind: 'lock'; readonly held: boolean }
  /** The table refuses a virtual server's services, by its name. */
  | { readonly kind: 'refuse'; readonly server: string; readonly refused: boolean };

/** When it is calm, servers that are down stay down. */
export interface History extends CommonHistory<Disturbance> {
  readonly configuration: Configuration;
  /** Outcomes within a turn of the event loop so long are reported together. */
  readonly turnUs: number;
  /** The process's monotonic clock at the beginning. */
  readonly clockUs: number;
}
