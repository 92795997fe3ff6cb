// BFD's sockets: one for each family and port that sessions receive on, one for each session to send by (RFC 5881 §4).
import { randomInt } from 'node:crypto';
import type { BfdReceived } from '../../control/bfd/messages.js';
import { portOf } from '../../control/bfd/validate.js';
import type { Family } from '../../model/address.js';
import { formatAddress } from '../../model/address-text.js';
import type { BfdInstance } from '../../model/keepalived/trackers.js';
import type { Log } from '../../model/log-level.js';
import { hasCode, isSystemError, reasonOf } from '../../sys/errno.js';
import { type Watch, whenReadable } from '../../sys/readable.js';
import { UdpListener, UdpSender } from '../../sys/sockets/udp-port.js';
import { BFD_PORTS, BFD_SOURCE_PORTS, type BfdPort } from '../../wire/bfd.js';

/** What cannot be opened now may be later: addresses come, other programs end. */
const RETRY_MS = 1000;
/** Packets taken from one socket before timers have their turn; what waits at most in a receive buffer as the kernel makes it. */
const READ_MAX = 64;
const DRAIN_MAX = 2048;
/** Bytes that may wait: a pause of a second with some hundred neighbours at 10 ms. */
const RECEIVE_BUFFER = 8 << 20;

interface Listening {
  readonly socket: UdpListener;
  readonly watch: Watch;
  readonly port: BfdPort;
}

interface Sending {
  readonly socket: UdpSender;
  config: BfdInstance;
}

export interface BfdSocketsOptions {
  readonly packet: (packet: BfdReceived) => void;
  /** Whether a session has a socket to send by: at each configuration, and when it has one at last. */
  readonly socket: (name: string, open: boolean) => void;
  /** Opened just now: the filter's chance. */
  readonly opened: (socket: UdpListener) => void;
  readonly log: Log;
}

const sourceOf = ({ source, neighbour, multihop }: BfdInstance): string =>
  `${source === undefined ? neighbour.family : formatAddress(source)} ${multihop}`;

export class BfdSockets {
  #sessions: readonly BfdInstance[] = [];
  readonly #listening = new Map<string, Listening>();
  readonly #sending = new Map<string, Sending>();
  /** Logged once until it changes. */
  readonly #failures = new Map<string, string>();
  #retry: NodeJS.Timeout | undefined;

  constructor(readonly events: BfdSocketsOptions) {}

  configure(sessions: readonly BfdInstance[]): void {
    this.#sessions = sessions;
    this.#closeUnwanted();
    this.#open();
  }

  #closeUnwanted(): void {
    const wanted = new Set(this.#sessions.map((session) => `${session.neighbour.family} ${portOf(session)}`));
    for (const [key, { socket, watch }] of this.#listening) {
      if (wanted.has(key)) continue;
      this.#listening.delete(key);
      watch.stop();
      socket.close();
    }
    for (const [name, { socket, config }] of this.#sending) {
      const wanted = this.#sessions.find((session) => session.name === name);
      if (wanted !== undefined && sourceOf(wanted) === sourceOf(config)) continue;
      this.#sending.delete(name);
      socket.close();
    }
  }

  /** Opens what is missing, and comes back for what cannot be opened. */
  #open(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const listened = this.#sessions.map((session) => this.#listen(session.neighbour.family, portOf(session)));
    const sent = this.#sessions.map((session) => this.#openSender(session));
    if ([...listened, ...sent].includes(false)) this.#retry = setTimeout(() => this.#open(), RETRY_MS);
  }

  #listen(family: Family, port: BfdPort): boolean {
    const key = `${family} ${port}`;
    if (this.#listening.has(key)) return true;
    return this.#attempt(
      key,
      () => {
        const socket = new UdpListener(family, BFD_PORTS[port]);
        // Without the right to more the system's bound will do.
        this.#attempt(`${key} buffer`, () => socket.receiveBuffer(RECEIVE_BUFFER), 'Receive buffer');
        this.events.opened(socket);
        this.#listening.set(key, { socket, port, watch: whenReadable(socket.fd, () => this.#read(key, READ_MAX)) });
      },
      'Unable to open listening socket',
    );
  }

  #openSender(config: BfdInstance): boolean {
    const { name, ttl } = config;
    const there = this.#sending.get(name);
    if (there !== undefined) {
      if (there.config.ttl !== ttl) there.socket.ttl(ttl);
      there.config = config;
      this.events.socket(name, true);
      return true;
    }
    const open = this.#attempt(
      name,
      () => this.#sending.set(name, { socket: bindSender(config), config }),
      `(${name}) Unable to open output socket, disabling instance`,
    );
    this.events.socket(name, open);
    return open;
  }

  /** Whether `work` succeeded. A failure is logged once, until it changes. */
  #attempt(key: string, work: () => void, what: string): boolean {
    try {
      work();
      this.#failures.delete(key);
      return true;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (this.#failures.get(key) !== error.code) {
        this.#failures.set(key, error.code);
        this.events.log('error', `${what} (${reasonOf(error)})`);
      }
      return false;
    }
  }

  /** Receives what waits in all of them: a timer must not act before it. */
  drain(): void {
    for (const key of [...this.#listening.keys()]) this.#read(key, DRAIN_MAX);
  }

  #read(key: string, most: number): void {
    const listening = this.#listening.get(key);
    for (let count = 0; listening !== undefined && count < most; count++) {
      let received: ReturnType<UdpListener['receive']>;
      try {
        received = listening.socket.receive();
      } catch (error) {
        if (!isSystemError(error)) throw error;
        if (!hasCode(error, 'EINTR')) this.events.log('warning', `recvmsg() error (${reasonOf(error)})`);
        return;
      }
      if (received === undefined) return;
      this.events.packet({ ...received, port: listening.port });
    }
  }

  send(name: string, bytes: Uint8Array): void {
    const sending = this.#sending.get(name);
    if (sending === undefined) return;
    const { neighbour, multihop } = sending.config;
    const port = BFD_PORTS[portOf({ multihop })];
    this.#attempt(`send ${name}`, () => sending.socket.send(bytes, neighbour, port), `(${name}) Error sending packet: sendto() error`);
  }

  listeners(): readonly UdpListener[] {
    return [...this.#listening.values()].map(({ socket }) => socket);
  }

  /** For dumps. */
  describe(): {
    readonly inputs: readonly { readonly port: BfdPort; readonly fd: number }[];
    readonly outputs: ReadonlyMap<string, number>;
  } {
    return {
      inputs: [...this.#listening.values()].map(({ port, socket }) => ({ port, fd: socket.fd })),
      outputs: new Map([...this.#sending].map(([name, { socket }]) => [name, socket.fd])),
    };
  }

  close(): void {
    clearTimeout(this.#retry);
    for (const { socket, watch } of this.#listening.values()) {
      watch.stop();
      socket.close();
    }
    for (const { socket } of this.#sending.values()) socket.close();
    this.#listening.clear();
    this.#sending.clear();
  }
}

/** RFC 5881 §4: a port from the range, the same as long as the session lives, no other's. @throws SystemError */
function bindSender({ neighbour, source, ttl }: BfdInstance): UdpSender {
  const { first, last } = BFD_SOURCE_PORTS;
  const begin = randomInt(first, last + 1);
  for (let port = begin; ; port = port === last ? first : port + 1) {
    try {
      return new UdpSender(neighbour.family, source, port, ttl);
    } catch (error) {
      const next = port === last ? first : port + 1;
      if (!hasCode(error, 'EADDRINUSE') || next === begin) throw error;
    }
  }
}
