// Everything that VRRP watches besides adverts and interfaces: scripts, files, processes, the peer by a second link, address conflicts.

import type { Input, VrrpState } from '../../../control/vrrp/messages.js';
import { scriptsInUse } from '../../../control/vrrp/track/health.js';
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { Script } from '../../../model/keepalived/script.js';
import type { Log } from '../../../model/log-level.js';
import type { ResolvedScript } from '../../scripts/resolve-script.js';
import { TrackFiles } from '../../trackers/track-files.js';
import type { HeldOn } from '../host/held-addresses.js';
import type { Interfaces } from '../host/interfaces.js';
import { AddressConflicts } from '../sockets/address-conflicts.js';
import { Heartbeats } from '../sockets/heartbeats.js';
import { TrackProcesses } from './track-processes.js';
import { TrackScripts } from './track-scripts.js';

/** An instance's state and priority at this moment. */
export interface InstanceNow {
  readonly state: VrrpState;
  readonly priority: number;
}

export interface TrackersOptions {
  readonly feed: (input: Input) => void;
  readonly interfaces: Interfaces;
  readonly look: (instance: string) => InstanceNow | undefined;
  /** Gives the machine the adverts that wait. */
  readonly drain: () => void;
  readonly log: Log;
}

export class Trackers {
  readonly #scripts: TrackScripts;
  readonly #files: TrackFiles;
  readonly #processes: TrackProcesses;
  readonly #heartbeats: Heartbeats;
  readonly #conflicts: AddressConflicts;

  constructor({ feed, interfaces, look, drain, log }: TrackersOptions) {
    const filtered = (instance: string, counts: Readonly<Record<string, number>>): void => feed({ kind: 'filtered', instance, counts });
    this.#scripts = new TrackScripts((name, outcome) => feed({ kind: 'script', name, outcome }), log);
    this.#files = new TrackFiles((name, value) => feed({ kind: 'file', name, ...(value === undefined ? {} : { value }) }), log);
    this.#processes = new TrackProcesses((name, running) => feed({ kind: 'process', name, running }), log);
    this.#heartbeats = new Heartbeats({
      heartbeat: (instance, from, state, priority) => feed({ kind: 'heartbeat', instance, from, state, priority }),
      look,
      linkOf: (name) => interfaces.byName(name),
      filtered: (instance, count) => filtered(instance, { heartbeat: count }),
      log,
    });
    this.#conflicts = new AddressConflicts({
      drain,
      conflict: (address, mac, name) => feed({ kind: 'conflict', address, mac, interface: name }),
      linkOf: (ifindex) => interfaces.byIndex(ifindex),
      ownMacs: () => interfaces.macs(),
      filtered,
      log,
    });
  }

  configure(configuration: KeepalivedConfiguration, resolve: (script: Script) => ResolvedScript): void {
    this.#files.configure(configuration.files);
    this.#processes.configure(configuration.processes, configuration.global.receiveBuffers?.processes);
    this.#scripts.configure(scriptsInUse(configuration).map((settings) => ({ settings, script: resolve(settings.script) })));
    this.#heartbeats.configure(configuration);
    this.#conflicts.configure(configuration);
  }

  /** Interfaces came or went. */
  refresh(): void {
    this.#heartbeats.refresh();
    this.#conflicts.refresh();
  }

  /** See TrackProcesses. */
  waitingProcesses(): ReadonlyMap<string, 'fork' | 'terminate'> {
    return this.#processes.waiting();
  }

  runningScripts(): ReadonlyMap<string, 'running' | 'ending'> {
    return this.#scripts.running();
  }

  /** What is held now. */
  watchConflicts(held: readonly HeldOn[]): void {
    this.#conflicts.watch(held);
  }

  close(): void {
    this.#scripts.close();
    this.#files.close();
    this.#processes.close();
    this.#heartbeats.close();
    this.#conflicts.close();
  }
}
