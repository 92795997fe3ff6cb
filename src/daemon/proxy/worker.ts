// One process of the proxy: the machine on a reactor, listening sockets that the supervisor made, and what the supervisor sends.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import { chanceFrom } from '../../control/chance.js';
import { EXHAUSTED } from '../../control/proxy/edge.js';
import { ModelRouter } from '../../control/proxy/model-router.js';
import { type ProxyConfiguration, ProxyMachine } from '../../control/proxy/proxy-machine.js';
import type { Listener } from '../../model/layer7/listener.js';
import type { PoolOrder } from '../../model/layer7/pool-status.js';
import { contains } from '../../model/subnet.js';
import { ReactorEdge } from '../../proxy/reactor-edge.js';
import { TlsFront, type TlsSettings } from '../../proxy/tls-front.js';
import { Events } from '../../sys/reactor/reactor.js';
import { someHaveBegun } from '../../sys/sockets/end-listening.js';
import { AccessLogFile } from './access-log-file.js';
import { type FromWorker, type ProxySettings, socketKey, type ToWorker } from './messages.js';

const TICK_MS = 250;
const ALIVE_MS = 1000;
const { EAGAIN } = constants.errno;
/** So many calls of accept take a whole backlog. */
const ACCEPTS_MAX = 64;
/** How often a socket that is closed is looked at, and how long: the kernel waits a second for the first byte of a client (TCP_DEFER_ACCEPT). */
const BEGUN_LOOK_MS = 50;
const BEGUN_MAX_MS = 2000;

type Start = Extract<ToWorker, { kind: 'start' }>;
type Configure = Extract<ToWorker, { kind: 'configure' }>;

const tlsSettings = ({ model, certificates }: ProxySettings, ticketKeys: string): TlsSettings => ({
  model,
  certificates,
  ticketKeys: Buffer.from(ticketKeys, 'hex'),
});

export class ProxyWorker {
  readonly #edge: ReactorEdge;
  readonly #machine: ProxyMachine;
  readonly #tls: TlsFront;
  #settings: ProxySettings;
  readonly #listeners = new Map<number, Listener>();
  readonly #log: AccessLogFile | undefined;
  /** Listening sockets that wait for descriptors. */
  readonly #paused = new Set<number>();
  #router: ModelRouter;
  #isExhausted = false;
  #drainEndsAt: number | undefined;

  constructor(
    { settings, ticketKeys, sockets, log, orders }: Start,
    readonly send: (message: FromWorker) => void,
    readonly end: () => void,
  ) {
    this.#log = log === undefined ? undefined : new AccessLogFile(log, (text) => send({ kind: 'fault', text }));
    this.#edge = new ReactorEdge(
      (fd, events) => this.#onEvents(fd, events),
      this.#log === undefined ? undefined : (record) => this.#log?.add(record),
    );
    this.#router = this.#routerOf(settings);
    this.#router.order(orders);
    this.#machine = new ProxyMachine(this.#edge, this.#configuration(settings));
    this.#settings = settings;
    this.#tls = new TlsFront(this.#edge, this.#machine, tlsSettings(settings, ticketKeys), (text) => send({ kind: 'fault', text }));
    for (const { name, fd } of sockets) {
      const listener = settings.model.listeners.find((one) => one.name === name);
      if (listener === undefined) continue;
      this.#listeners.set(fd, listener);
      this.#edge.reactor.add(fd, Events.readable);
    }
    setInterval(() => this.#tick(), TICK_MS);
    setInterval(() => this.#alive(), ALIVE_MS);
  }

  #routerOf({ model, secret }: ProxySettings, before?: ModelRouter): ModelRouter {
    const chance = chanceFrom(randomBytes(16));
    return new ModelRouter(model, { secret: Buffer.from(secret, 'hex'), chance }, before);
  }

  #configuration({ model, explainToken }: ProxySettings): ProxyConfiguration {
    return { router: this.#router, limits: model.limits, explainToken };
  }

  configure({ settings, ticketKeys, orders }: Configure): void {
    this.#settings = settings;
    this.#tls.configure(tlsSettings(settings, ticketKeys));
    this.#router = this.#routerOf(settings, this.#router);
    this.#router.order(orders);
    this.#machine.configure(this.#configuration(settings));
    for (const [fd, { name }] of this.#listeners) {
      const listener = settings.model.listeners.find((one) => one.name === name);
      if (listener !== undefined) this.#listeners.set(fd, listener);
    }
  }

  setTicketKeys(ticketKeys: string): void {
    this.#tls.configure(tlsSettings(this.#settings, ticketKeys));
  }

  /** Verdicts and weights. */
  order(orders: readonly PoolOrder[]): void {
    this.#router.order(orders);
  }

  reopenLog(): void {
    this.#log?.reopen();
  }

  /** Takes what waits to be accepted, then no more; of a socket that no other process has (`closing`) also what clients have begun. */
  drain(deadlineMs: number, closing: readonly string[] = [...this.#listeners.values()].map(socketKey)): void {
    this.#edge.readClock();
    this.#drainEndsAt = performance.now() + deadlineMs;
    for (const [fd, listener] of this.#listeners) if (!closing.includes(socketKey(listener))) this.#closeListener(fd, listener);
    this.#machine.drain();
    this.#awaitBegun(performance.now() + Math.min(deadlineMs, BEGUN_MAX_MS));
    this.#endIfDrained();
  }

  #closeListener(fd: number, listener: Listener): void {
    for (let count = 0; count < ACCEPTS_MAX && this.#accept(fd, listener); count++);
    // other processes may have the socket, too: where it is only closed, the set still reports it
    this.#edge.reactor.remove(fd);
    this.#edge.reactor.closeFd(fd);
    this.#listeners.delete(fd);
  }

  #awaitBegun(until: number): void {
    if (this.#listeners.size === 0) return;
    setTimeout(() => {
      this.#edge.readClock();
      if (performance.now() < until && [...this.#listeners.values()].some(someHaveBegun)) this.#awaitBegun(until);
      else for (const [fd, listener] of this.#listeners) this.#closeListener(fd, listener);
      this.#endIfDrained();
    }, BEGUN_LOOK_MS);
  }

  #endIfDrained(): void {
    if (this.#drainEndsAt === undefined) return;
    if (performance.now() >= this.#drainEndsAt) this.#machine.cut();
    else if (this.#listeners.size + this.#machine.clients + this.#tls.open > 0) return;
    this.#alive();
    this.end();
  }

  #onEvents(fd: number, events: number): void {
    const listener = this.#listeners.get(fd);
    if (listener === undefined) this.#machine.ready(fd, events);
    else this.#accept(fd, listener);
  }

  /** Whether there was a connection; more may wait. */
  #accept(fd: number, listener: Listener): boolean {
    const accepted = this.#edge.accept(fd, listener.tls !== undefined);
    if (typeof accepted === 'number') {
      if (EXHAUSTED.includes(accepted)) this.#pause(fd, accepted);
      else if (accepted !== -EAGAIN) this.send({ kind: 'fault', text: `accept on ${listener.name}: error ${-accepted}` });
      return false;
    }
    for (const { fd: client, address, port } of accepted) {
      const isTrusted = listener.proxyFrom.length === 0 || listener.proxyFrom.some((subnet) => contains(subnet, address));
      if (!isTrusted) this.#edge.close(client);
      else if (listener.tls === undefined) this.#machine.accepted(client, address, port, listener);
      else {
        this.#edge.acknowledge(client);
        this.#tls.accepted(client, address, port, listener);
      }
    }
    return true;
  }

  /** Nothing is accepted until the next tick. */
  #pause(fd: number, error: number): void {
    this.#edge.watch(fd, 0, false);
    this.#paused.add(fd);
    if (!this.#isExhausted) this.send({ kind: 'fault', text: `no descriptor or memory for a connection: error ${-error}` });
    this.#isExhausted = true;
  }

  #tick(): void {
    this.#edge.readClock();
    this.#machine.tick();
    for (const fd of this.#paused) if (this.#listeners.has(fd)) this.#edge.watch(fd, Events.readable, false);
    this.#isExhausted = this.#paused.size > 0;
    this.#paused.clear();
    this.#endIfDrained();
  }

  #alive(): void {
    this.#log?.flush();
    this.#tls.tick();
    this.#edge.readClock();
    this.send({ kind: 'alive', clients: this.#machine.clients, counts: this.#router.counts(this.#edge.nowUs) });
  }
}
