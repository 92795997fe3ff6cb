// The API over TCP as it runs: a server for each address; certificates and tokens are read again when their files change.
import type { Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { formatAddress } from '../model/address-text.js';
import type { ApiTcp } from '../model/api-settings.js';
import { endpointText } from '../model/endpoint-text.js';
import { isWeirError } from '../model/errors/weir-error.js';
import type { Log } from '../model/log-level.js';
import type { DestinationKey } from '../model/service.js';
import { bearerOf, TcpAccess } from './access/tcp-access.js';
import type { AppOptions } from './http/app.js';
import { closeAll, type NodeEnv, requestListener } from './http/node-server.js';
import { certificateEndMs, filesState, peerOf, tlsServer, tlsTexts } from './http/tls-server.js';
import type { Turns } from './http/turns.js';
import { routes } from './routes/routes.js';
import type { ApiSources } from './sources.js';

interface TcpServiceOptions {
  readonly sources: ApiSources;
  readonly log: Log;
  readonly turns: Turns;
  readonly onMistake: AppOptions['onMistake'];
}

const listen = (server: Server, { address, port }: DestinationKey): Promise<void> =>
  new Promise((done, fail) => {
    server.once('error', fail);
    server.listen({ host: formatAddress(address), port, ipv6Only: address.family === 'inet6' }, () => {
      server.off('error', fail);
      done();
    });
  });

export class TcpService {
  readonly #servers: Server[] = [];
  /** With the token that came by each connection last. */
  readonly #open = new Map<TLSSocket, string>();
  /** Connections with a certificate of the client, and until when that is valid, ms since 1970. */
  readonly #certified = new Map<TLSSocket, number>();
  /** By which those were judged. */
  #authorities: string | undefined;
  readonly #access: TcpAccess;
  #files = '';

  private constructor(
    readonly settings: ApiTcp,
    readonly options: TcpServiceOptions,
  ) {
    const { sources } = options;
    this.#access = new TcpAccess(settings, sources.refusals, () => sources.now());
  }

  /** @throws WeirError certificate-unusable; Node's error where an address is taken or not here */
  static async start(settings: ApiTcp, options: TcpServiceOptions): Promise<TcpService> {
    const service = new TcpService(settings, options);
    try {
      await service.#listen();
    } catch (error) {
      await service.stop();
      throw error;
    }
    return service;
  }

  async #listen(): Promise<void> {
    const { sources, log, turns, onMistake } = this.options;
    const listener = requestListener({
      routes,
      sources,
      callerOf: (request, env) => this.#callerOf(request, env as NodeEnv),
      onMistake,
      turns,
    });
    this.#files = filesState(this.settings);
    const texts = tlsTexts(this.settings, sources.now());
    this.#authorities = texts.ca;
    for (const at of this.settings.listen) {
      const server = tlsServer(listener, texts);
      server.on('secureConnection', (socket: TLSSocket) => this.#remember(socket));
      this.#servers.push(server);
      await listen(server, at);
      log('info', `the API answers at https://${endpointText(at)}`);
    }
  }

  #callerOf(request: Request, { incoming }: NodeEnv): ReturnType<TcpAccess['callerOf']> {
    const socket = incoming.socket as TLSSocket;
    const caller = this.#access.callerOf(request, peerOf(socket));
    const token = bearerOf(request.headers.get('authorization'));
    if (token === undefined) return caller;
    if (!this.#open.has(socket)) socket.once('close', () => this.#open.delete(socket));
    this.#open.set(socket, token);
    return caller;
  }

  #remember(socket: TLSSocket): void {
    const endMs = certificateEndMs(socket);
    if (endMs === undefined) return;
    this.#certified.set(socket, endMs);
    socket.once('close', () => this.#certified.delete(socket));
  }

  /** Once a second: new certificates are taken, and who has no token or no valid certificate any more is cut off. */
  look(): void {
    const files = filesState(this.settings);
    if (files !== this.#files) {
      this.#files = files;
      this.#renew();
    }
    for (const [socket, token] of this.#open) if (this.#access.tokenOf(token) === undefined) socket.destroy();
    for (const [socket, endMs] of this.#certified) if (endMs <= this.options.sources.now()) socket.destroy();
  }

  /** Those before stay where the new ones cannot be used. */
  #renew(): void {
    const { sources, log } = this.options;
    try {
      const texts = tlsTexts(this.settings, sources.now());
      for (const server of this.#servers) server.setSecureContext(texts);
      // Their handshake was by the authorities of before; who still may connects again.
      if (texts.ca !== this.#authorities) for (const socket of this.#certified.keys()) socket.destroy();
      this.#authorities = texts.ca;
      log('info', 'the API has new certificates');
    } catch (error) {
      if (!isWeirError(error)) throw error;
      log('error', `the API keeps its certificates: ${error.message}`);
    }
  }

  async stop(): Promise<void> {
    await closeAll(this.#servers.splice(0));
  }
}
