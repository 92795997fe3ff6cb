// The API as it runs: its sockets, each with what its callers may do.
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { ApiSettings, ApiSilence } from '../model/api-settings.js';
import { endpointText } from '../model/endpoint-text.js';
import { mistakeText } from '../model/errors/message-of.js';
import { isWeirError } from '../model/errors/weir-error.js';
import type { Log } from '../model/log-level.js';
import { isSystemError } from '../sys/errno.js';
import { groupNamed } from '../sys/processes/accounts.js';
import { peerCredentials } from '../sys/sockets/peer-credentials.js';
import type { Caller } from './access/caller.js';
import { guardedLook, guardedPieces } from './events/guarded-look.js';
import { sampleTraffic } from './events/sample-traffic.js';
import { Watch } from './events/watch.js';
import { boundClients } from './http/bound-clients.js';
import { closeAll, type NodeEnv, nodeServer, requestListener } from './http/node-server.js';
import { Turns } from './http/turns.js';
import { listenOn } from './http/unix-socket.js';
import { routes } from './routes/routes.js';
import type { ApiSources } from './sources.js';
import { TcpService } from './tcp-service.js';

const [WRITE_MODE, READ_MODE, LOOK_MS] = [0o660, 0o666, 1000] as const;
/** Connections of one user of the host to a socket; root may have all that it has. */
const USER_MAX = 256;
/** Looks after which TCP is tried again. */
const TCP_LOOKS = 5;

export interface ApiServiceOptions {
  readonly settings: ApiSettings;
  readonly sources: ApiSources;
  readonly log: Log;
  /** Gets where it does not answer, whenever it was tried; undefined: it answers everywhere. */
  readonly silent: (silence: ApiSilence | undefined) => void;
}

/** Node has the descriptor of a socket in its handle alone. */
const descriptorOf = (socket: Socket): number => (socket as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;

const callers = new WeakMap<Socket, Caller>();

/** Who connected to a Unix socket: asked once for each connection. */
function callerOf(socket: Socket, scope: Caller['scope']): Caller {
  const known = callers.get(socket);
  if (known !== undefined) return known;
  const { pid, uid } = peerCredentials(descriptorOf(socket));
  const caller: Caller = { name: `uid ${uid} (pid ${pid})`, stream: `uid ${uid}`, scope, confidential: scope === 'write' };
  callers.set(socket, caller);
  return caller;
}

/** Whose connections are counted together: those whose user cannot be asked for are, too. */
function userOf(socket: Socket): string | undefined {
  try {
    const { uid } = peerCredentials(descriptorOf(socket));
    return uid === 0 ? undefined : String(uid);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return '';
  }
}

export class ApiService {
  readonly #servers: Server[] = [];
  readonly #turns = new Turns();
  readonly #watch: Watch;
  #timer: NodeJS.Timeout | undefined;
  #tcp: TcpService | undefined;
  readonly #lookAtHost = guardedPieces(
    () => this.#watch.look(),
    (error) => this.#lookFailed(error),
    () => this.#isStopped,
  );
  /** In a turn of their own, half a second before the rest, which finds them then: so no request waits for all of it. */
  readonly #lookAtDaemons = guardedLook(
    () => {
      this.options.sources.daemons();
    },
    (error) => this.#lookFailed(error),
  );
  readonly #lookAtTcp = guardedLook(
    () => this.#tcp?.look(),
    (error) => this.#lookFailed(error),
  );
  readonly #sampleTraffic = guardedLook(
    () => sampleTraffic(this.options.sources),
    (error) => this.#lookFailed(error),
  );
  #looks = 0;
  #failure = '';
  #isStarting = false;
  #isStopped = false;

  private constructor(readonly options: ApiServiceOptions) {
    this.#watch = new Watch(options.sources, options.sources.events);
  }

  /** @throws WeirError api-socket-taken; SystemError */
  static async start(options: ApiServiceOptions): Promise<ApiService> {
    const service = new ApiService(options);
    try {
      await service.#listen();
    } catch (error) {
      await service.stop();
      throw error;
    }
    return service;
  }

  async #listen(): Promise<void> {
    const { write, read, group } = this.options.settings;
    const gid = groupNamed(group);
    if (gid === undefined) this.options.log('notice', `there is no group ${group}: root alone may write to ${write}`);
    await this.#serveUnix(write, WRITE_MODE, gid ?? 0, 'write');
    await this.#serveUnix(read, READ_MODE, 0, 'read');
    this.options.silent(undefined);
    await this.#serveTcp();
    this.#look();
    let isTurnOfDaemons = true;
    this.#timer = setInterval(() => {
      if (isTurnOfDaemons) this.#lookAtDaemons();
      else this.#look();
      isTurnOfDaemons = !isTurnOfDaemons;
    }, LOOK_MS / 2);
    this.options.log('info', `the API answers at ${write} (changes) and ${read} (reading)`);
  }

  #look(): void {
    this.#lookAtHost();
    this.#lookAtTcp();
    this.#sampleTraffic();
    this.#looks += 1;
    if (this.#tcp === undefined && this.#looks % TCP_LOOKS === 0) void this.#serveTcp();
  }

  /** Without it, the Unix sockets answer none the less: that is logged once, and tried again. */
  async #serveTcp(): Promise<void> {
    const { tcp } = this.options.settings;
    if (tcp === undefined || this.#isStarting) return;
    this.#isStarting = true;
    try {
      const started = await TcpService.start(tcp, { ...this.options, turns: this.#turns, onMistake: (error) => this.#onMistake(error) });
      if (this.#isStopped) await started.stop();
      else this.#tcp = started;
      this.options.silent(undefined);
    } catch (error) {
      if (!isWeirError(error) && !isSystemError(error)) throw error;
      // before the line: who reads that one looks there
      this.options.silent({ places: tcp.listen.map((at) => `https://${endpointText(at)}`), why: error.message });
      if (error.message !== this.#failure) this.options.log('error', `no API over TCP: ${error.message}: tried again every ${TCP_LOOKS} s`);
      this.#failure = error.message;
    } finally {
      this.#isStarting = false;
    }
  }

  #lookFailed(error: unknown): void {
    if (isSystemError(error)) this.options.log('error', `the API could not read this host: ${error.message}: tried again every second`);
    else this.#onMistake(error);
  }

  #onMistake(error: unknown): void {
    this.options.log('error', mistakeText(error));
  }

  async #serveUnix(path: string, mode: number, gid: number, scope: Caller['scope']): Promise<void> {
    const listener = requestListener({
      routes,
      sources: this.options.sources,
      callerOf: (_request, env) => callerOf((env as NodeEnv).incoming.socket, scope),
      onMistake: (error) => this.#onMistake(error),
      turns: this.#turns,
    });
    const server = nodeServer<Server>(createServer, listener);
    boundClients(server, { max: USER_MAX, clientOf: userOf });
    await listenOn(server, { path, mode, gid });
    this.#servers.push(server);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#isStopped = true;
    await this.#tcp?.stop();
    this.options.silent(undefined);
    await closeAll(this.#servers.splice(0));
  }
}
