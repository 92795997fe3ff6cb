// What the VRRP child process offers to the daemon around it: start, reload, stop, and a view of its state.

import type { InterfaceFacts, VrrpState } from '../../control/vrrp/messages.js';
import { rehearse } from '../../control/vrrp/rehearse.js';
import { initialState, type VrrpMachine } from '../../control/vrrp/state.js';
import { step } from '../../control/vrrp/step.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Log } from '../../model/log-level.js';
import { Shell } from './shell.js';
import { type SocketDescription, wholePacket } from './sockets/advert-sockets.js';

/** What the process tells the daemon besides its log. */
export type VrrpTold =
  /** Sockets are open and the first step is done. */
  | { readonly kind: 'ready' }
  /** A mail is due (smtp_alert). */
  | { readonly kind: 'mail'; readonly type: 'INSTANCE' | 'GROUP'; readonly name: string; readonly event: string; readonly priority: number }
  /** An instance changed its state: for `lvs_sync_daemon` and whoever else follows it. */
  | { readonly kind: 'state'; readonly instance: string; readonly state: VrrpState };

export interface VrrpOptions {
  readonly configuration: KeepalivedConfiguration;
  /** `debug`: said only with -D. */
  readonly log: Log;
  readonly tell: (told: VrrpTold) => void;
  /** `-V`: addresses, routes and rules stay when we stop, and no priority 0 is sent. */
  readonly keepAddresses: boolean;
}

export interface VrrpDescription {
  readonly state: VrrpMachine;
  readonly sockets: readonly SocketDescription[];
  readonly interfaces: readonly InterfaceFacts[];
  /** Tracked processes whose number changed too short a time ago to count. */
  readonly waitingProcesses: ReadonlyMap<string, 'fork' | 'terminate'>;
}

/** A running VRRP process. Nothing here throws but for programming errors: what fails is logged and tried again within bounds. */
export interface VrrpProcess {
  /** Takes a new configuration; only what differs changes. */
  reload(configuration: KeepalivedConfiguration): void;
  /** A BFD session is up or not. */
  bfd(name: string, up: boolean): void;
  /** What the dump files are made of. */
  describe(): VrrpDescription;
  /** Zeroes the counters of keepalived.stats. */
  clearCounters(): void;
  /** Priority 0, addresses off, STOP scripts (waited for a second at most), sockets closed. Twice: the same promise. */
  stop(): Promise<void>;
}

function look(machine: VrrpMachine, instance: string): { readonly state: VrrpState; readonly priority: number } | undefined {
  return machine.instances[machine.indexOfName.get(instance) ?? -1];
}

/** The first takeover finds its code compiled; `--no-flush-bytecode` keeps it so. */
function compileTakeover(configuration: KeepalivedConfiguration): void {
  for (const effect of rehearse(configuration)) {
    if (effect.kind === 'send') wholePacket(effect);
  }
}

/**
 * Starts VRRP in this process, which does nothing else: it returns once the first step is done.
 * @throws SystemError EPERM where raw sockets are refused
 */
export function runVrrp(options: VrrpOptions): VrrpProcess {
  const shell = new Shell(options, { initial: initialState(), step, look });
  shell.start();
  options.tell({ kind: 'ready' });
  compileTakeover(options.configuration);
  let stopped: Promise<void> | undefined;
  return {
    reload: (configuration) => shell.configure(configuration),
    bfd: (name, up) => shell.feed({ kind: 'bfd', name, up }),
    describe: () => shell.describe(),
    clearCounters: () => shell.feed({ kind: 'clearCounters' }),
    stop: () => {
      stopped ??= shell.stop();
      return stopped;
    },
  };
}
