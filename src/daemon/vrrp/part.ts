// The VRRP child's part: VRRP itself, and the dump files that signals ask for.

import { daemonKeeper, wantedDaemons } from '../../control/sync/daemon-steps.js';
import type { VrrpState } from '../../control/vrrp/messages.js';
import { jsonText } from '../../dump/json.js';
import type { DumpHost } from '../../dump/live.js';
import { statsText } from '../../dump/stats.js';
import { topologyLines } from '../../dump/topology.js';
import type { PublishedVrrp } from '../../host/published-vrrp.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { RunAs } from '../../model/keepalived/script.js';
import type { Log } from '../../model/log-level.js';
import { monotonicUs } from '../../sys/clock.js';
import { isSystemError } from '../../sys/errno.js';
import { hostClocks } from '../dump-files/host-clocks.js';
import { globalText } from '../dump-files/parent-dump.js';
import { ReloadRecord } from '../dump-files/reload-record.js';
import { dataPath, dumpPath, writeDump } from '../dump-files/write-dump.js';
import type { BfdEvent, ChildOptions, DumpKind, FromChild } from '../process/messages.js';
import { OnceATurn } from '../process/once-a-turn.js';
import type { Part, StartPart } from '../process/part.js';
import { Reporter } from '../process/reporter.js';
import { idsOf } from '../process/users.js';
import { DaemonKeeper } from '../sync/daemon-keeper.js';
import { KernelPlane } from '../sync/kernel-plane.js';
import { daemonsIn } from '../sync/run-daemon-step.js';
import { PeerConnections } from './peer-connections.js';
import { publishedInstance } from './published-instance.js';
import { ReleasedInstances } from './released-instances.js';
import { TakeoverGrace } from './takeover-grace.js';
import { VrrpProcess } from './vrrp-process.js';

/** How each dump is announced. */
const ANNOUNCED: Readonly<Record<DumpKind, string>> = {
  data: 'Printing VRRP data',
  stats: 'Printing VRRP stats',
  clear: 'Printing and clearing VRRP stats',
  json: 'Printing VRRP as json',
};

/** `0:0`; a name without an account stays a name, and so does one where the accounts cannot be read. */
function owner(runAs: RunAs | undefined): string {
  try {
    const { uid = 0, gid = 0 } = idsOf(runAs);
    return `${uid}:${gid}`;
  } catch (error) {
    if (!isWeirError(error) && !isSystemError(error)) throw error;
    return [runAs?.user, runAs?.group].filter(Boolean).join(':');
  }
}

const hostNow = (): DumpHost => ({ ...hostClocks(), owner });

const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

class VrrpPart implements Part {
  #configuration: KeepalivedConfiguration;
  readonly #vrrp: VrrpProcess;
  readonly #record: ReloadRecord;
  #states: Pick<Reporter<PublishedVrrp>, 'changed' | 'close'> | undefined;
  readonly #daemons: DaemonKeeper;
  readonly #plane: KernelPlane;
  readonly #grace: TakeoverGrace;
  #connections: PeerConnections | undefined;
  readonly #released: ReleasedInstances;
  readonly #followStates = new OnceATurn<'follow'>(() => this.#follow());

  constructor(
    configuration: KeepalivedConfiguration,
    readonly options: ChildOptions,
    readonly log: Log,
    send: (message: FromChild) => void,
  ) {
    this.#configuration = configuration;
    this.#daemons = new DaemonKeeper({ ...daemonsIn(configuration.root.ipvsNamespace), log });
    this.#plane = new KernelPlane({
      namespace: configuration.root.ipvsNamespace,
      log,
      configured: () => (daemonKeeper(this.#configuration) === 'vrrp' ? this.#configuration.global : undefined),
      changed: () => this.#followStates.ask('follow'),
    });
    this.#grace = new TakeoverGrace({
      namespace: configuration.root.ipvsNamespace,
      log,
      ended: () => this.#followStates.ask('follow'),
    });
    this.#released = new ReleasedInstances({ namespace: configuration.root.ipvsNamespace, log });
    this.#vrrp = new VrrpProcess({
      configuration,
      keepAddresses: options.keepAddresses,
      released: this.#released.now,
      log,
      onEvent: (event) => {
        if (event.kind === 'mail') send({ kind: 'mail', type: event.type, name: event.name, event: event.event });
        if (event.kind === 'state') this.#statesChanged();
      },
      onTakeover: () => this.#grace.begin(this.#configuration.global, this.#connections?.runs === true),
    });
    this.#released.follow((released) => {
      this.#vrrp.released(released);
      this.#statesChanged();
    });
    this.#connections = new PeerConnections({
      namespace: configuration.root.ipvsNamespace,
      log,
      configured: () => this.#configuration.global.lvsSyncStream,
      changed: (missing) => this.#vrrp.connections(missing),
    });
    this.#states = new Reporter(
      () => ({ instances: this.#vrrp.instances().map(publishedInstance), ...this.#vrrp.published(), ...this.#released.director }),
      (states) => send({ kind: 'vrrpStates', ...states }),
    );
    this.#plane.look();
    this.#followStates.ask('follow');
    if (options.dump) for (const line of this.#dataLines()) log('info', line);
    this.#record = new ReloadRecord('vrrp', () => textOf(this.#dataLines()), log);
  }

  #statesChanged(): void {
    this.#states?.changed();
    this.#followStates.ask('follow');
  }

  /** lvs_sync_daemon with an instance: the daemon's role is the instance's state. */
  #follow(): void {
    const states = new Map(this.#vrrp.instances().map(({ config, state }) => [config.name, state]));
    const stateOf = (name: string): VrrpState => states.get(name) ?? 'init';
    const wanted = wantedDaemons(this.#configuration, 'vrrp', stateOf, this.#grace.runs);
    this.#daemons.want(this.#plane.needed(wanted), wanted);
  }

  /** keepalived.data's lines. */
  #dataLines(): readonly string[] {
    const { state, sockets, runningScripts } = this.#vrrp.describe();
    const global = state.configuration === undefined ? [] : globalText(state.configuration).trimEnd().split('\n');
    return [...global, ...topologyLines(state, { ...hostNow(), runningScripts }, sockets)];
  }

  async reload(next: KeepalivedConfiguration): Promise<void> {
    await this.#record.around(this.#configuration.global, next.global, () => this.#vrrp.reload(next));
    this.#configuration = next;
    this.#plane.look();
    this.#statesChanged();
  }

  dump(what: DumpKind): void {
    const { log } = this;
    // Programs signal and then read: the file comes first.
    this.#write(what);
    log('info', `${ANNOUNCED[what]} for process(${process.pid}) on signal`);
  }

  #write(what: DumpKind): void {
    const { log } = this;
    const { state, waitingProcesses } = this.#vrrp.describe();
    const { configuration } = state;
    const files = configuration?.global.dumpFiles ?? {};
    switch (what) {
      case 'data':
        if (configuration !== undefined)
          writeDump(dataPath('', configuration.global, this.options.identSuffix), textOf(this.#dataLines()), log);
        break;
      case 'json':
        writeDump(
          dumpPath('keepalived.json', files.json),
          jsonText(state.instances, state, { ...hostNow(), waitingProcesses }, configuration?.global.jsonVersion ?? 1),
          log,
        );
        break;
      default:
        writeDump(dumpPath('keepalived.stats', files.stats), statsText(state.instances), log);
        if (what === 'clear') this.#vrrp.clearCounters();
    }
  }

  bfd({ name, up, sentAtUs }: BfdEvent): void {
    const state = up ? 'Up' : 'Down';
    this.log('debug', `Received BFD event: instance ${name} is in state ${state} (delivered in ${monotonicUs() - sentAtUs} usec)`);
    this.#vrrp.bfd(name, up);
  }

  /** The addresses go first. */
  async stop(): Promise<void> {
    this.#states?.close();
    this.#grace.close();
    this.#connections?.close();
    this.#plane.close();
    this.#released.close();
    const stopped = this.#vrrp.stop();
    this.#followStates.flush();
    await Promise.all([stopped, this.#daemons.close()]);
  }
}

export const startVrrp: StartPart = (configuration, options, log, send) => new VrrpPart(configuration, options, log, send);
