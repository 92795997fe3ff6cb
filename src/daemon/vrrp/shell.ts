// The body of the VRRP process: what happens on this host goes into the machine, what the machine decides is carried out.
import type { Effect, Input, InterfaceFacts, Step, VrrpState } from '../../control/vrrp/interface.js';
import { addressInterface } from '../../control/vrrp/place.js';
import { formatAddress } from '../../model/address-text.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { HostAddress } from '../../model/keepalived/network.js';
import { isSystemError } from '../../sys/errno.js';
import { Netlink } from '../../sys/netlink.js';
import { MonitorGroup, NetlinkMonitor } from '../../sys/netlink-monitor.js';
import { Alarm, monotonicUs } from '../../sys/readable.js';
import type { NetlinkMessage } from '../../wire/netlink.js';
import { AdvertSockets, type SocketDescription } from './advert-sockets.js';
import { Announcer } from './announcer.js';
import { Conflicts } from './conflicts.js';
import { Firewall } from './firewall.js';
import { Guard } from './guard.js';
import { Heartbeats } from './heartbeats.js';
import { HeldAddresses } from './held-addresses.js';
import { HeldRoutes } from './held-routes.js';
import { Interfaces } from './interfaces.js';
import { Notifier } from './notifier.js';
import { prepareConfiguration } from './prepare.js';
import { PromotedSecondaries } from './promoted-secondaries.js';
import { Schedule } from './schedule.js';
import { ScriptBook } from './script-book.js';
import { TrackFiles } from './track-files.js';
import { TrackScripts } from './track-scripts.js';
import { VirtualInterfaces } from './virtual-interfaces.js';
import type { LogLevel, VrrpOptions } from './vrrp-process.js';

const ALL_GROUPS = Object.values(MonitorGroup).reduce((mask, bit) => mask | bit, 0);

/** The machine as the shell drives it. */
export interface Machine<S> {
  readonly initial: S;
  readonly step: (state: S, input: Input, atUs: number) => Step<S>;
  /** What an instance is now. */
  readonly look: (state: S, instance: string) => { readonly state: VrrpState; readonly priority: number } | undefined;
}

export class Shell<S> {
  #state: S;
  #configuration: KeepalivedConfiguration;
  #book: ScriptBook;
  #running = false;
  #stepping = false;
  #suspicious = false;
  readonly #inputs: Input[] = [];
  readonly #log: (level: LogLevel, text: string) => void;
  readonly #netlink = new Netlink();
  readonly #interfaces: Interfaces;
  readonly #monitor: NetlinkMonitor;
  readonly #alarm: Alarm;
  readonly #schedule: Schedule;
  readonly #secondaries: PromotedSecondaries;
  readonly #sockets: AdvertSockets;
  readonly #guard: Guard;
  readonly #heartbeats: Heartbeats;
  readonly #conflicts: Conflicts;
  readonly #addresses: HeldAddresses;
  readonly #routes: HeldRoutes;
  readonly #announcer: Announcer;
  readonly #firewall: Firewall;
  readonly #virtual: VirtualInterfaces;
  readonly #notifier: Notifier;
  readonly #scripts: TrackScripts;
  readonly #files: TrackFiles;

  /** @throws SystemError where sockets are refused: EPERM without root */
  constructor(
    private readonly options: VrrpOptions,
    private readonly machine: Machine<S>,
  ) {
    const { configuration } = options;
    this.#log = options.log;
    this.#state = machine.initial;
    this.#configuration = configuration;
    this.#book = new ScriptBook(configuration, this.#log);
    this.#log('debug', 'Registering Kernel netlink reflector');
    this.#monitor = new NetlinkMonitor(ALL_GROUPS, { changes: (messages) => this.#changes(messages), overrun: () => this.#reread() });
    this.#log('debug', 'Registering Kernel netlink command channel');
    this.#addresses = new HeldAddresses(this.#netlink, () => this.#interfaces, this.#log);
    this.#interfaces = new Interfaces(this.#netlink, (ifindex, address) => this.#addresses.isHeld(ifindex, address), {
      changed: (facts) => this.#feedRunning({ kind: 'interface', facts }),
      gone: (name, ifindex) => {
        this.#addresses.forget(ifindex);
        this.#feedRunning({ kind: 'interfaceGone', name });
      },
      address: (action, _name, address) => {
        this.#suspicious ||= action === 'removed' && this.#addresses.suspects(address);
      },
    });
    this.#routes = new HeldRoutes(this.#netlink, (device) => this.#indexOf(device), this.#log);
    this.#schedule = new Schedule(this.#log);
    this.#secondaries = new PromotedSecondaries(this.#log);
    this.#alarm = new Alarm((lateUs) => {
      this.#schedule.late(lateUs, this.#configuration.global);
      this.#sockets.drain();
      this.feed({ kind: 'wake' });
    });
    this.#sockets = new AdvertSockets(this.#interfaces, {
      packet: (packet) => this.feed({ kind: 'packet', packet }),
      log: this.#log,
      opened: (sockets) => this.#guard.opened(sockets, this.#sockets.listeners()),
    });
    this.#guard = new Guard(
      () => this.#sockets.sockets(),
      (instance, counts) => this.feed({ kind: 'filtered', instance, counts }),
      this.#log,
    );
    this.#heartbeats = new Heartbeats({
      heard: (instance, from, state, priority) => this.feed({ kind: 'heartbeat', instance, from, state, priority }),
      look: (instance) => machine.look(this.#state, instance),
      linkOf: (name) => this.#interfaces.byName(name),
      log: this.#log,
    });
    this.#conflicts = new Conflicts({
      drain: () => this.#sockets.drain(),
      conflict: (address, mac, name) => this.feed({ kind: 'conflict', address, mac, interface: name }),
      linkOf: (ifindex) => this.#interfaces.byIndex(ifindex),
      isOwn: (mac) => this.#interfaces.all().some((one) => one.mac === mac),
      log: this.#log,
    });
    this.#announcer = new Announcer(configuration.global, (name) => this.#interfaces.byName(name), this.#log);
    this.#firewall = new Firewall(configuration.global);
    this.#virtual = new VirtualInterfaces({
      netlink: this.#netlink,
      interfaces: this.#interfaces,
      firewall: this.#firewall,
      log: this.#log,
      refresh: () => this.#monitor.read(),
    });
    this.#notifier = new Notifier((script) => this.#book.resolve(script), this.#log);
    this.#scripts = new TrackScripts((name, outcome) => this.feed({ kind: 'script', name, outcome }), this.#log);
    this.#files = new TrackFiles((name, value) => this.feed({ kind: 'file', name, ...(value === undefined ? {} : { value }) }), this.#log);
  }

  describe(): { readonly state: S; readonly sockets: readonly SocketDescription[]; readonly interfaces: readonly InterfaceFacts[] } {
    return { state: this.#state, sockets: this.#sockets.describe(), interfaces: this.#interfaces.all() };
  }

  start(): void {
    this.#interfaces.read();
    this.#sayAddresses();
    this.configure(this.#configuration);
    this.#running = true;
  }

  /** Takes a configuration, the first or another. */
  configure(configuration: KeepalivedConfiguration): void {
    this.#book = new ScriptBook(configuration, this.#log);
    const usable = prepareConfiguration(this.#book.check(), this.#log);
    this.#schedule.configure(usable);
    this.#secondaries.configure(usable);
    this.#configuration = usable;
    this.#notifier.configure(usable.global);
    this.#announcer.configure(usable.global);
    this.#firewall.configure(usable.global);
    const wallOffsetUs = Date.now() * 1000 - monotonicUs();
    this.feed({ kind: 'configure', configuration: usable, interfaces: this.#interfaces.all(), wallOffsetUs });
    this.#sockets.configure(usable);
    this.#guard.configure(usable, this.#sockets.listeners());
    this.#heartbeats.configure(usable);
    this.#files.configure(usable.files);
    this.#scripts.configure(usable.scripts.map((settings) => ({ settings, script: this.#book.resolve(settings.script) })));
  }

  #sayAddresses(): void {
    const used = new Set(this.#configuration.instances.map((instance) => instance.interface));
    for (const { name, addresses } of this.#interfaces.all()) {
      const first = [addresses.find(({ family }) => family === 'inet'), addresses.find(({ family }) => family === 'inet6')];
      for (const address of used.has(name) ? first : []) {
        if (address !== undefined) {
          this.#log('debug', `Assigned address ${formatAddress(address)} for interface ${name}`);
        }
      }
    }
  }

  #indexOf(device: string): number {
    const link = this.#interfaces.byName(device);
    if (link === undefined) {
      throw Object.assign(new Error(`ENODEV: no interface ${device}`), { code: 'ENODEV', errno: 19, syscall: 'netlink' });
    }
    return link.ifindex;
  }

  #feedRunning(input: Input): void {
    if (this.#running) {
      this.feed(input);
    }
  }

  /** One batch of the kernel's messages: interfaces first, then what was taken from us. */
  #changes(messages: readonly NetlinkMessage[]): void {
    this.#interfaces.take(messages);
    if (this.#suspicious) {
      this.#suspicious = false;
      this.#tellLost();
    }
    for (const { instance, what, text, noTrack } of this.#routes.takeLost(messages)) {
      this.feed({ kind: 'lost', instance, what, text, noTrack });
    }
    this.#sockets.refresh();
    this.#heartbeats.refresh();
  }

  #tellLost(): void {
    for (const { instance, text, noTrack } of this.#addresses.takeLost()) {
      this.feed({ kind: 'lost', instance, what: 'address', text, noTrack });
    }
  }

  #reread(): void {
    this.#log('warning', 'Netlink: messages were lost, reading all interfaces anew');
    this.#interfaces.read();
    this.#tellLost();
    this.#sockets.refresh();
  }

  /** Steps the machine and carries out what it says; inputs that arise meanwhile wait for their turn. */
  feed(input: Input): void {
    this.#inputs.push(input);
    if (this.#stepping) {
      return;
    }
    this.#stepping = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
        const { state, effects, wakeAtUs } = this.machine.step(this.#state, next, monotonicUs());
        this.#state = state;
        this.#alarm.set(wakeAtUs);
        effects.forEach((effect) => this.#attempt(effect));
        if (effects.some(({ kind }) => kind === 'addresses')) {
          this.#conflicts.watch(this.#addresses.all());
        }
      }
    } finally {
      this.#stepping = false;
    }
  }

  /** What the system refuses is said; the other effects are carried out all the same. */
  #attempt(effect: Effect): void {
    try {
      this.#perform(effect);
    } catch (error) {
      if (!isSystemError(error)) {
        throw error;
      }
      this.#log('error', `${'instance' in effect ? `(${effect.instance}) ` : ''}${effect.kind}: ${error.message}`);
    }
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        this.#sockets.send(effect);
        break;
      case 'addresses':
        this.#performAddresses(effect);
        break;
      case 'routes':
        this.#routes[effect.action === 'add' ? 'addRoutes' : 'removeRoutes'](effect.instance, effect.routes);
        break;
      case 'rules':
        this.#routes[effect.action === 'add' ? 'addRules' : 'removeRules'](effect.instance, effect.rules);
        break;
      case 'announce':
        this.#announcer.announce(effect.entries);
        break;
      case 'notify':
        this.#performNotify(effect);
        break;
      case 'log':
        this.#log(effect.detail === true ? 'debug' : effect.level, effect.text);
        break;
      case 'firewall':
        this.#performFirewall(effect);
        break;
      case 'virtualInterface':
        this.#performVirtualInterface(effect);
        break;
    }
  }

  #performAddresses({ action, instance, interface: device, addresses }: Extract<Effect, { kind: 'addresses' }>): void {
    const hosts = addresses.map((host) => ({ host, device }));
    if (action === 'add') {
      this.#addresses.add(instance, hosts);
      return;
    }
    this.#addresses.remove(instance, hosts);
    this.#announcer.forget(
      device,
      addresses.map(({ address }) => address),
    );
  }

  #performFirewall({ action, instance, addresses }: Extract<Effect, { kind: 'firewall' }>): void {
    if (action === 'allow') {
      this.#firewall.allow(
        instance,
        addresses.map(({ address }) => address),
      );
      return;
    }
    const configuration = this.#configuration;
    const config = configuration.instances.find(({ name }) => name === instance);
    if (config !== undefined) {
      const indexOf = (host: HostAddress): number =>
        this.#interfaces.byName(addressInterface({ configuration }, config, host))?.ifindex ?? 0;
      this.#firewall.drop(
        instance,
        addresses.map((host) => ({ address: host.address, ifindex: indexOf(host) })),
      );
    }
  }

  #performVirtualInterface(effect: Extract<Effect, { kind: 'virtualInterface' }>): void {
    const instance = this.#configuration.instances.find(({ name }) => name === effect.instance);
    if (effect.action === 'delete') {
      this.#virtual.remove(effect);
    } else if (instance !== undefined) {
      this.#virtual.create(effect, instance);
    }
  }

  #performNotify(effect: Extract<Effect, { kind: 'notify' }>): void {
    this.#notifier.notify(effect);
    const { type, name, event, priority, smtp } = effect;
    if (smtp) {
      this.options.tell({ kind: 'mail', type, name, event, priority });
    }
    if (type === 'INSTANCE' && (event === 'MASTER' || event === 'BACKUP' || event === 'FAULT')) {
      const state = ({ MASTER: 'master', BACKUP: 'backup', FAULT: 'fault' } as const)[event];
      this.options.tell({ kind: 'state', instance: name, state });
    }
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#scripts.close();
    this.#files.close();
    this.#notifier.stopReaders();
    this.feed({ kind: 'stop', keepAddresses: this.options.keepAddresses });
    this.#guard.close();
    this.#heartbeats.close();
    this.#conflicts.close();
    this.#sockets.close();
    this.#announcer.close();
    this.#alarm.close();
    this.#monitor.close();
    this.#virtual.restore();
    this.#secondaries.restore();
    this.#firewall.close();
    await this.#notifier.close();
    this.#netlink.close();
  }
}
