// The proxy as a whole: listening sockets, which outlive every process that serves them, and the processes, one a core. A process that ends or
// hangs is started again on the same sockets. A reload is a message, or new processes where the sockets differ; old ones drain.
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { WeirError } from '../../model/errors/weir-error.js';
import type { Listener } from '../../model/layer7/listener.js';
import type { PoolCounts, PoolOrder, ProxyStatus } from '../../model/layer7/pool-status.js';
import { native } from '../../sys/addon.js';
import { artifact } from '../../sys/artifact.js';
import { onceEnded } from '../../sys/processes/child-end.js';
import { keepingEarlySignals } from '../../sys/processes/early-signals.js';
import { keepingCapabilities } from '../../sys/processes/own-capabilities.js';
import { spawnChild } from '../../sys/processes/spawn-child.js';
import { beginNoMore } from '../../sys/sockets/end-listening.js';
import { socketAddress } from '../../sys/sockets/socket-address.js';
import { type AccessLogSettings, type FromWorker, type ListenerSocket, type ProxySettings, socketKey, type ToWorker } from './messages.js';

/**
 * New objects of requests are nearly all dead when they are collected: two halves of 8 MB for them from the start. Halves of 32 MB would be collected
 * more seldom, cost as much CPU a request and stay in memory. By the thread itself, which has a core of its own and no helper.
 */
const NODE_FLAGS = ['--max-semi-space-size=8', '--min-semi-space-size=8', '--single-threaded-gc', '--v8-pool-size=1'];
/** Strangers talk to it, and its sockets are given to it: it writes its log, whose file may be another user's. */
const OF_WORKER = ['CAP_DAC_OVERRIDE'] as const;
/** The first descriptors of a process: its streams and the channel. */
const FIRST_SOCKET_FD = 4;
const BACKLOG_MAX = 4096;
const WATCH_MS = 1000;
/** Of the watch. A supervisor that stood still itself makes none of them. */
const SILENT_LOOKS_MAX = 10;
/** How long a process may take beyond the deadline of its drain. */
const DRAIN_OVER_MS = 3000;
/** How long new processes may take before others are tried in their place. */
const EXCHANGE_MAX_MS = 10_000;
const RESTART_MIN_MS = 100;
const RESTART_MAX_MS = 5000;
/** Who learns the keys of session tickets can read what was sent under them (TLS 1.2): they are replaced every day. */
const TICKET_KEYS_MS = 86_400_000;
const TICKET_KEYS_BYTES = 48;

export interface SupervisorOptions {
  readonly workers: number;
  readonly accessLog?: AccessLogSettings;
  readonly drainMs: number;
  readonly report: (text: string) => void;
  readonly servers: ServerBook;
}

/** What processes are ordered about servers, and where what they count is added up. */
export interface ServerBook {
  orders(): readonly PoolOrder[];
  counted(process: number, counts: PoolCounts): void;
  /** A process ended. */
  forget(process: number): void;
}

/** A place for a process, with sockets of its own. */
interface Slot {
  readonly number: number;
  readonly sockets: ReadonlyMap<string, number>;
  child: ChildProcess | undefined;
  clients: number;
  /** Looks of the watch since its last message. */
  silentLooks: number;
  restartMs: number;
  isReady: () => void;
  readonly ready: Promise<void>;
}

/** A process that drains has left its slot. */
interface Drain {
  readonly slot: Slot;
  readonly endsAt: number;
}

const newTicketKeys = (): string => randomBytes(TICKET_KEYS_BYTES).toString('hex');

const listenersOf = ({ model }: ProxySettings): string => model.listeners.map((one) => `${one.name} ${socketKey(one)}`).join();

/** A listening socket. @throws WeirError proxy-listen */
function listenOn(listener: Listener): number {
  const fd = native().reactorListen(socketAddress(listener.address, listener.port), BACKLOG_MAX);
  if (fd >= 0) return fd;
  throw new WeirError('proxy-listen', { where: socketKey(listener), errno: -fd });
}

export class ProxySupervisor {
  readonly #options: SupervisorOptions;
  #settings: ProxySettings;
  #slots: Slot[] = [];
  /** Those before, which serve until all of the present ones do. */
  readonly #leaving = new Set<Slot>();
  readonly #draining = new Map<ChildProcess, Drain>();
  /** Of the present slots, or no longer waited for. */
  #exchanged: Promise<unknown>;
  /** The exchange that follows, and where it was a reload that asked for it, with what. */
  #waiting: Promise<void> | undefined;
  #wanted: ProxySettings | undefined;
  #isEnding = false;
  #onEnd: (() => void) | undefined;
  readonly #watch: NodeJS.Timeout;
  readonly #ticketTimer: NodeJS.Timeout;
  /** Of TLS: the processes share them, and they outlive each of them. */
  #ticketKeys = newTicketKeys();

  /** @throws WeirError proxy-listen */
  constructor(settings: ProxySettings, options: SupervisorOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#slots = this.#makeSlots(settings, []);
    for (const slot of this.#slots) this.#start(slot);
    this.#exchanged = this.#readyOrHung();
    this.#watch = setInterval(() => this.#killHung(), WATCH_MS);
    this.#ticketTimer = setInterval(() => this.#renewTicketKeys(), TICKET_KEYS_MS);
  }

  /** What is in effect. */
  get settings(): ProxySettings {
    return this.#settings;
  }

  /** Every process serves. */
  async ready(): Promise<void> {
    await Promise.all(this.#slots.map(({ ready }) => ready));
  }

  /** Or others are tried in the place of those that do not. */
  #readyOrHung(): Promise<void> {
    return Promise.race([this.ready(), delay(EXCHANGE_MAX_MS, undefined, { ref: false })]);
  }

  /** Slots for the settings' listeners; sockets of the ones before are taken over. @throws WeirError proxy-listen */
  #makeSlots({ model }: ProxySettings, before: readonly Slot[]): Slot[] {
    const made: number[] = [];
    try {
      return Array.from({ length: this.#options.workers }, (_, number) => {
        const sockets = new Map(
          model.listeners.map((listener) => {
            const key = socketKey(listener);
            const fd = before[number]?.sockets.get(key) ?? listenOn(listener);
            if (before[number]?.sockets.get(key) === undefined) made.push(fd);
            return [key, fd] as const;
          }),
        );
        let isReady = (): void => {};
        const ready = new Promise<void>((done) => {
          isReady = done;
        });
        return { number, sockets, child: undefined, clients: 0, silentLooks: 0, restartMs: RESTART_MIN_MS, isReady, ready };
      });
    } catch (error) {
      for (const fd of made) native().close(fd);
      throw error;
    }
  }

  #start(slot: Slot): void {
    const { listeners } = this.#settings.model;
    const fds = listeners.map((listener) => slot.sockets.get(socketKey(listener)) ?? -1);
    const sockets: readonly ListenerSocket[] = listeners.map(({ name }, index) => ({ name, fd: FIRST_SOCKET_FD + index }));
    const argv = [...NODE_FLAGS, artifact('weir.cjs'), 'proxy', '--worker'];
    const env = { ...keepingEarlySignals(process.env), ...keepingCapabilities(OF_WORKER) };
    const child = spawnChild(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...fds], env });
    slot.child = child;
    slot.silentLooks = 0;
    child.on('message', (message) => this.#receive(slot, child, message as FromWorker));
    onceEnded(child, (how) => this.#ended(slot, child, how));
    const { accessLog: log, servers } = this.#options;
    this.#send(child, {
      kind: 'start',
      settings: this.#settings,
      ticketKeys: this.#ticketKeys,
      sockets,
      orders: servers.orders(),
      ...(log === undefined ? {} : { log }),
    });
  }

  #send(child: ChildProcess | undefined, message: ToWorker): void {
    if (child?.connected) child.send(message, () => {});
  }

  #receive(slot: Slot, child: ChildProcess, message: FromWorker): void {
    slot.silentLooks = 0;
    if (message.kind === 'fault') this.#options.report(message.text);
    else if (message.kind === 'ready') slot.isReady();
    else {
      slot.restartMs = RESTART_MIN_MS;
      if (slot.child === child) slot.clients = message.clients;
      if (child.pid !== undefined) this.#options.servers.counted(child.pid, message.counts);
    }
  }

  /** To be called when the orders about servers changed. */
  sendOrders(): void {
    const orders = this.#options.servers.orders();
    for (const child of this.#children()) this.#send(child, { kind: 'orders', orders });
  }

  /** Those that accept connections. */
  #serving(): readonly ChildProcess[] {
    return [...this.#slots, ...this.#leaving].flatMap(({ child }) => child ?? []);
  }

  /** Also those that drain: what they try again goes to servers that are up. */
  #children(): readonly ChildProcess[] {
    return [...this.#serving(), ...this.#draining.keys()];
  }

  status(): Pick<ProxyStatus, 'listeners' | 'processes' | 'draining'> {
    return {
      listeners: this.#settings.model.listeners.map((listener) => ({ name: listener.name, at: socketKey(listener) })),
      processes: this.#slots.map(({ number, child, clients }) => ({ number, pid: child?.pid ?? null, clients })),
      draining: this.#draining.size,
    };
  }

  #ended(slot: Slot, child: ChildProcess, how: string): void {
    const hasDrained = this.#draining.delete(child) && how === 'status 0';
    const isMissed = slot.child === child && this.#slots.includes(slot);
    if (child.pid !== undefined) this.#options.servers.forget(child.pid);
    const again = isMissed ? `; it is started again in ${slot.restartMs} ms` : '';
    if (!hasDrained) this.#options.report(`process ${slot.number} (${child.pid ?? 'not started'}) ended: ${how}${again}`);
    if (slot.child === child) slot.child = undefined;
    if (isMissed) {
      setTimeout(() => this.#startAgain(slot), slot.restartMs);
      slot.restartMs = Math.min(slot.restartMs * 2, RESTART_MAX_MS);
    }
    this.#endIfOver();
  }

  #startAgain(slot: Slot): void {
    if (!this.#isEnding && slot.child === undefined && this.#slots.includes(slot)) this.#start(slot);
  }

  #killHung(): void {
    const now = performance.now();
    const isSilent = (slot: Slot): boolean => ++slot.silentLooks > SILENT_LOOKS_MAX;
    for (const slot of [...this.#slots, ...this.#leaving]) if (isSilent(slot)) this.#kill(slot.child, slot.number, 'does not answer');
    for (const [child, { slot, endsAt }] of this.#draining) {
      if (now >= endsAt) this.#kill(child, slot.number, 'does not end its drain');
      else if (isSilent(slot)) this.#kill(child, slot.number, 'does not answer');
    }
  }

  #kill(child: ChildProcess | undefined, number: number, why: string): void {
    if (child === undefined) return;
    this.#options.report(`process ${number} (${child.pid}) ${why}: it is killed`);
    child.kill('SIGKILL');
  }

  /** New settings. Refused ones change nothing. @throws WeirError proxy-listen */
  async reload(settings: ProxySettings): Promise<void> {
    if (this.#wanted !== undefined || listenersOf(this.#settings) !== listenersOf(settings)) {
      this.#wanted = settings;
      await this.replace();
      return;
    }
    this.#settings = settings;
    const configure = { kind: 'configure', settings, ticketKeys: this.#ticketKeys, orders: this.#options.servers.orders() } as const;
    for (const child of this.#serving()) this.#send(child, configure);
  }

  /**
   * New processes of the installed program take the sockets; then the old ones drain. While that goes on, one more exchange can wait for it, however
   * often it is asked for: starting processes would take the CPU time that those which serve need. @throws WeirError proxy-listen
   */
  replace(): Promise<void> {
    this.#waiting ??= this.#exchanged.then(() => this.#exchange());
    return this.#waiting;
  }

  async #exchange(): Promise<void> {
    this.#waiting = undefined;
    if (this.#isEnding) return;
    const settings = this.#wanted ?? this.#settings;
    this.#wanted = undefined;
    const slots = this.#makeSlots(settings, this.#slots);
    this.#settings = settings;
    for (const slot of this.#slots) this.#leaving.add(slot);
    this.#slots = slots;
    for (const slot of slots) this.#start(slot);
    this.#exchanged = this.#readyOrHung();
    await this.ready();
    // otherwise there are later ones, which the others wait for
    if (this.#slots === slots) this.#endSlots(this.#leaving, slots);
  }

  /** Drains processes, and closes their sockets but those of `kept`. `isReplaced`: others listen there. */
  #endSlots(slots: Iterable<Slot>, kept: readonly Slot[], isReplaced = false): void {
    const ending = [...slots];
    const keptFds = new Set(kept.flatMap(({ sockets }) => [...sockets.values()]));
    const fds = new Set(ending.flatMap(({ sockets }) => [...sockets.values()].filter((fd) => !keptFds.has(fd))));
    if (!isReplaced) for (const fd of fds) beginNoMore(fd);
    for (const slot of ending) {
      const closing = [...slot.sockets].flatMap(([key, fd]) => (fds.has(fd) ? [key] : []));
      this.#drain(slot, isReplaced ? [] : closing);
    }
    for (const fd of fds) native().close(fd);
    this.#leaving.clear();
  }

  #drain(slot: Slot, closing: readonly string[]): void {
    const { child } = slot;
    slot.child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const { drainMs } = this.#options;
    this.#draining.set(child, { slot, endsAt: performance.now() + drainMs + DRAIN_OVER_MS });
    this.#send(child, { kind: 'drain', deadlineMs: drainMs, closing });
  }

  #renewTicketKeys(): void {
    this.#ticketKeys = newTicketKeys();
    for (const child of this.#serving()) this.#send(child, { kind: 'ticket-keys', ticketKeys: this.#ticketKeys });
  }

  reopenLogs(): void {
    for (const child of this.#children()) this.#send(child, { kind: 'reopen-log' });
  }

  /** Drains all processes; resolves when they ended. A second call kills them. `isReplaced`: others listen at the same ports. */
  end(isReplaced = false): Promise<void> {
    if (this.#isEnding) for (const child of this.#draining.keys()) child.kill('SIGKILL');
    this.#isEnding = true;
    clearInterval(this.#ticketTimer);
    const all = [...this.#leaving, ...this.#slots];
    this.#slots = [];
    this.#endSlots(all, [], isReplaced);
    return new Promise((done) => {
      this.#onEnd = done;
      this.#endIfOver();
    });
  }

  #endIfOver(): void {
    if (!this.#isEnding || this.#draining.size > 0) return;
    clearInterval(this.#watch);
    this.#onEnd?.();
  }
}
