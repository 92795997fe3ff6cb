// The VRRP process: what happens on this host goes into the machine, and what the machine decides is carried out.

import type { Effect, Input, InterfaceFacts, VrrpState } from '../../control/vrrp/messages.js';
import { rehearse } from '../../control/vrrp/rehearse.js';
import { initialState, type VrrpMachine } from '../../control/vrrp/state/vrrp-machine.js';
import { step } from '../../control/vrrp/step.js';
import type { SocketDescription } from '../../dump/live.js';
import type { PublishedScript, PublishedVrrp } from '../../host/published-vrrp.js';
import { formatAddress } from '../../model/address-text.js';
import { ClassCounts, timeClasses } from '../../model/class-counts.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Log } from '../../model/log-level.js';
import type { Released } from '../../model/released.js';
import { monotonicUs } from '../../sys/clock.js';
import { isSystemError } from '../../sys/errno.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import { MonitorGroup, NetlinkMonitor } from '../../sys/netlink/netlink-monitor.js';
import type { NetlinkMessage } from '../../wire/netlink.js';
import { CpuScheduling } from '../process/cpu-scheduling.js';
import { StepLoop } from '../process/step-loop.js';
import { ScriptBook } from '../scripts/script-book.js';
import { advertsFirst } from './adverts-first.js';
import { AdvertFilters } from './filters/advert-filters.js';
import { HostResources } from './host/host-resources.js';
import { Interfaces } from './host/interfaces.js';
import { Notifier } from './notify/notifier.js';
import { AdvertSockets, wholePacket } from './sockets/advert-sockets.js';
import { type InstanceNow, Trackers } from './trackers/trackers.js';

/** Less is how the two clocks are read one after the other, and NTP's gentle way. */
const CLOCK_STEP_MIN_US = 100_000;
/** 100 us to 1 s: adverts of fast mode are 10 ms apart, those of keepalived a second. */
const LATENESS_BOUNDS_US = [100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000] as const;
/** Of instances with fast mode: above every ordinary process, below the kernel's own threads. */
const fastNeeds = { rtPriority: 10, lockedMemory: true } as const;

/** The wall clock less the monotonic one. */
const wallOffset = (): number => Date.now() * 1000 - monotonicUs();

const ALL_GROUPS = Object.values(MonitorGroup).reduce((mask, bit) => mask | bit, 0);

/** What the process reports to the daemon besides its log. */
export type VrrpEvent =
  /** Sockets are open and the first step is done. */
  | { readonly kind: 'ready' }
  /** A mail is due (smtp_alert). */
  | { readonly kind: 'mail'; readonly type: 'INSTANCE' | 'GROUP'; readonly name: string; readonly event: string; readonly priority: number }
  /** An instance changed its state: for `lvs_sync_daemon` and others that depend on it. */
  | { readonly kind: 'state'; readonly instance: string; readonly state: VrrpState };

export interface VrrpOptions {
  readonly configuration: KeepalivedConfiguration;
  /** `debug`: logged only with -D. */
  readonly log: Log;
  readonly onEvent: (event: VrrpEvent) => void;
  /** An instance becomes master: its adverts are sent, its addresses are not here yet. */
  readonly onTakeover?: () => void;
  /** At the start. */
  readonly released: Released;
  /** `-V`: addresses, routes and rules stay when we stop, and no priority 0 is sent. */
  readonly keepAddresses: boolean;
}

export interface VrrpDescription {
  readonly state: VrrpMachine;
  readonly sockets: readonly SocketDescription[];
  readonly interfaces: readonly InterfaceFacts[];
  /** Tracked processes whose number changed too short a time ago to count. */
  readonly waitingProcesses: ReadonlyMap<string, 'fork' | 'terminate'>;
  /** Track scripts that run now. */
  readonly runningScripts: ReadonlyMap<string, 'running' | 'ending'>;
}

const isTakeover = (effect: Effect): boolean => effect.kind === 'notify' && effect.type === 'INSTANCE' && effect.event === 'MASTER';

/** The first takeover finds its code compiled; `--no-flush-bytecode` keeps it so. */
function compileTakeover(configuration: KeepalivedConfiguration): void {
  for (const effect of rehearse(configuration)) {
    if (effect.kind === 'send') wholePacket(effect);
  }
}

/** A running VRRP process. What the system refuses is logged and tried again within bounds; only programming errors are thrown. */
export class VrrpProcess {
  #configuration: KeepalivedConfiguration;
  #scripts: ScriptBook;
  #running = false;
  #stopped: Promise<void> | undefined;
  #stopping = false;
  /** As the machine has it. */
  #wallOffsetUs: number | undefined;
  readonly #log: Log;
  readonly #netlink = new Netlink();
  readonly #interfaces: Interfaces;
  readonly #monitor: NetlinkMonitor;
  readonly #loop: StepLoop<VrrpMachine, Input, Effect>;
  readonly #cpuScheduling: CpuScheduling;
  readonly #lateness = new ClassCounts(LATENESS_BOUNDS_US);
  readonly #sockets: AdvertSockets;
  readonly #advertFilters: AdvertFilters;
  readonly #hostResources: HostResources;
  readonly #notifier: Notifier;
  readonly #trackers: Trackers;

  /** Opens its sockets and does its first step. @throws SystemError where sockets are refused: EPERM without root */
  constructor(readonly options: VrrpOptions) {
    const { configuration, log } = options;
    this.#log = log;
    this.#loop = new StepLoop({
      initial: initialState(),
      step,
      perform: (effects) => this.#performAll(effects),
      onWake: (lateUs) => this.#wake(lateUs),
      before: () => this.#clockStep(),
    });
    this.#configuration = configuration;
    this.#scripts = new ScriptBook(configuration, log);
    log('debug', 'Registering Kernel netlink reflector');
    this.#monitor = new NetlinkMonitor(ALL_GROUPS, {
      changes: (messages) => this.#attempt('netlink', () => this.#changes(messages)),
      overrun: () => this.#attempt('netlink', () => this.#reread()),
    });
    log('debug', 'Registering Kernel netlink command channel');
    const refresh = (): void => this.#monitor.read();
    this.#hostResources = new HostResources(configuration, {
      netlink: this.#netlink,
      interfaces: () => this.#interfaces,
      refresh,
      log,
      feed: (input) => this.#feedRunning(input),
    });
    this.#interfaces = this.#watchInterfaces();
    this.#cpuScheduling = new CpuScheduling('vrrp', log);
    this.#sockets = new AdvertSockets(this.#interfaces, {
      packet: (packet) => this.#feed({ kind: 'packet', packet }),
      log,
      opened: (sockets) => this.#advertFilters.opened(sockets, this.#sockets.listeners()),
    });
    this.#advertFilters = new AdvertFilters(
      () => this.#sockets.sockets(),
      (instance, counts) => this.#feed({ kind: 'filtered', instance, counts }),
      log,
    );
    this.#notifier = new Notifier((script) => this.#scripts.resolve(script), log);
    this.#trackers = new Trackers({
      feed: (input) => this.#feed(input),
      interfaces: this.#interfaces,
      look: (instance) => this.#look(instance),
      drain: () => this.#sockets.drain(),
      log,
    });
    this.#start();
    options.onEvent({ kind: 'ready' });
    compileTakeover(configuration);
  }

  #look(instance: string): InstanceNow | undefined {
    const { instances, indexOfName } = this.#loop.state;
    return instances[indexOfName.get(instance) ?? -1];
  }

  #watchInterfaces(): Interfaces {
    return new Interfaces(this.#netlink, (ifindex, address) => this.#hostResources.isHeld(ifindex, address), {
      changed: (facts) => {
        this.#hostResources.interfaceChanged(facts);
        this.#feedRunning({ kind: 'interface', facts });
      },
      gone: (name, ifindex) => {
        this.#hostResources.interfaceGone(name, ifindex);
        this.#feedRunning({ kind: 'interfaceGone', name, expected: this.#hostResources.isRemoving(name) });
      },
      address: (action, _name, address) => {
        if (action === 'removed') this.#hostResources.addressRemoved(address);
      },
    });
  }

  instances(): VrrpMachine['instances'] {
    return this.#loop.state.instances;
  }

  /** Its track scripts, and how late its timer came. */
  published(): Required<Pick<PublishedVrrp, 'scripts' | 'lateness'>> {
    const { configuration, trackers } = this.#loop.state;
    const running = this.#trackers.runningScripts();
    const scripts = (configuration?.scripts ?? []).map(({ name }): PublishedScript => {
      const good = trackers.scripts.get(name)?.good === true;
      return { name, good, run: running.get(name) ?? 'idle' };
    });
    return { scripts, lateness: timeClasses(this.#lateness) };
  }

  /** What the dump files are made of. */
  describe(): VrrpDescription {
    const [sockets, interfaces] = [this.#sockets.describe(), this.#interfaces.all()];
    const [waitingProcesses, runningScripts] = [this.#trackers.waitingProcesses(), this.#trackers.runningScripts()];
    return { state: this.#loop.state, sockets, interfaces, waitingProcesses, runningScripts };
  }

  /** As the input of the machine. */
  released(released: Released): void {
    this.#feed({ kind: 'released', released });
  }

  /** A BFD session is up or not. */
  bfd(name: string, up: boolean): void {
    this.#feed({ kind: 'bfd', name, up });
  }

  /** As the input of the machine. */
  connections(missing: readonly string[]): void {
    this.#feed({ kind: 'connections', missing });
  }

  /** Zeroes the counters of keepalived.stats. */
  clearCounters(): void {
    this.#feed({ kind: 'clearCounters' });
  }

  #start(): void {
    this.#interfaces.read();
    this.#logAddresses();
    this.#running = true;
    this.released(this.options.released);
    this.reload(this.#configuration);
    this.#attempt('clean up', () => this.#hostResources.removeLeftovers());
  }

  /** Takes a configuration, the first or another; only what differs changes. */
  reload(configuration: KeepalivedConfiguration): void {
    this.#scripts = new ScriptBook(configuration, this.#log);
    const usable = this.#scripts.check();
    this.#configuration = usable;
    const fast = usable.instances.some((instance) => instance.fast !== undefined);
    this.#cpuScheduling.configure(usable.global.processes.vrrp, fast ? fastNeeds : {});
    this.#attempt('receive buffers', () => this.#sizeBuffers(usable.global));
    this.#notifier.configure(usable.global);
    this.#attempt('configuration', () => this.#hostResources.configure(usable));
    this.#wallOffsetUs = wallOffset();
    this.#feed({ kind: 'configure', configuration: usable, interfaces: this.#interfaces.all(), wallOffsetUs: this.#wallOffsetUs });
    this.#sockets.configure(usable);
    this.#advertFilters.configure(usable, this.#sockets.listeners());
    this.#trackers.configure(usable, (script) => this.#scripts.resolve(script));
  }

  /** vrrp_netlink_cmd_rcv_bufs and vrrp_netlink_monitor_rcv_bufs. */
  #sizeBuffers({ receiveBuffers: { command, monitor } = {} }: KeepalivedConfiguration['global']): void {
    if (command !== undefined) this.#netlink.receiveBuffer(command.bytes, command.force);
    this.#monitor.receiveBuffer(monitor?.bytes, monitor?.force);
  }

  #logAddresses(): void {
    const used = new Set(this.#configuration.instances.map((instance) => instance.interface));
    for (const { name, addresses } of this.#interfaces.all()) {
      const first = [addresses.find(({ family }) => family === 'inet'), addresses.find(({ family }) => family === 'inet6')];
      for (const address of used.has(name) ? first : []) {
        if (address !== undefined) this.#log('debug', `Assigned address ${formatAddress(address)} for interface ${name}`);
      }
    }
  }

  /** Adverts that wait were there before the timer: a process that was held up must not take its master for dead. */
  #wake(lateUs: number): void {
    this.#lateness.count(lateUs);
    this.#cpuScheduling.late(lateUs, this.#configuration.global);
    this.#sockets.drain();
    this.#feed({ kind: 'wake' });
  }

  #feedRunning(input: Input): void {
    if (this.#running) this.#feed(input);
  }

  /** One batch of the kernel's messages: interfaces first, then what was taken from us. */
  #changes(messages: readonly NetlinkMessage[], all = false): void {
    this.#interfaces.take(messages);
    for (const { instance, what, text, noTrack } of this.#hostResources.takeLost(messages, all)) {
      this.#feed({ kind: 'lost', instance, what, text, noTrack });
    }
    this.#sockets.refresh();
    this.#trackers.refresh();
  }

  #reread(): void {
    this.#log('warning', 'Netlink: messages were lost, reading all interfaces again');
    this.#interfaces.read();
    this.#changes([], true);
  }

  #feed(input: Input): void {
    this.#loop.feed(input);
  }

  /** The wall clock may be set at any time: by NTP after a boot with a wrong one, by hand. Stamps of auth_hmac are its. */
  #clockStep(): Input | undefined {
    const offsetUs = wallOffset();
    if (this.#wallOffsetUs === undefined || Math.abs(offsetUs - this.#wallOffsetUs) < CLOCK_STEP_MIN_US) return undefined;
    this.#wallOffsetUs = offsetUs;
    return { kind: 'clock', wallOffsetUs: offsetUs };
  }

  #performAll(effects: readonly Effect[]): void {
    let takesOver = effects.some(isTakeover);
    for (const effect of advertsFirst(effects)) {
      if (takesOver && effect.kind !== 'send') {
        takesOver = false;
        this.options.onTakeover?.();
      }
      this.#attempt('instance' in effect ? `(${effect.instance}) ${effect.kind}` : effect.kind, () => this.#perform(effect));
    }
    if (!this.#stopping && effects.some(({ kind }) => kind === 'addresses')) {
      this.#trackers.watchConflicts(this.#hostResources.held());
    }
  }

  /** What the system refuses is logged; the rest is carried out all the same. */
  #attempt(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#log('error', `${what}: ${error.message}`);
    }
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        this.#sockets.send(effect);
        break;
      case 'notify':
        this.#performNotify(effect);
        break;
      case 'log':
        this.#log(effect.detail === true ? 'debug' : effect.level, effect.text);
        break;
      default:
        this.#hostResources.perform(effect);
    }
  }

  #performNotify(effect: Extract<Effect, { kind: 'notify' }>): void {
    this.#notifier.notify(effect);
    const { type, name, event, priority, smtp } = effect;
    if (smtp) this.options.onEvent({ kind: 'mail', type, name, event, priority });
    if (type === 'INSTANCE' && (event === 'MASTER' || event === 'BACKUP' || event === 'FAULT')) {
      const state = ({ MASTER: 'master', BACKUP: 'backup', FAULT: 'fault' } as const)[event];
      this.options.onEvent({ kind: 'state', instance: name, state });
    }
  }

  /** Priority 0, addresses off, STOP scripts (waited for a second at most), sockets closed. Twice: the same promise. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#running = false;
    this.#stopping = true;
    this.#trackers.close();
    this.#notifier.stopReaders();
    this.#feed({ kind: 'stop', keepAddresses: this.options.keepAddresses });
    this.#advertFilters.close();
    this.#sockets.close();
    this.#loop.close();
    this.#attempt('stop', () => this.#hostResources.close());
    this.#monitor.close();
    await this.#notifier.close();
    this.#netlink.close();
  }
}
