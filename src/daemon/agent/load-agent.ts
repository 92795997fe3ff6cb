// The agent on a real server: answers GET /weir-load with counters, and HAProxy's agent-check with the idle share.
import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { LoadCounters } from '../../model/feedback/load-report.js';
import type { Log } from '../../model/log-level.js';
import { encodeAgentText } from '../../wire/load/agent-text.js';
import { encodeWeirLoad, WEIR_LOAD_PATH } from '../../wire/load/weir-load.js';
import { adminState, type LoadSources, NoLoad, serverLoad } from './server-load.js';

export interface ListenAt {
  readonly host: string;
  readonly port: number;
}

export interface AgentOptions extends LoadSources {
  readonly http?: ListenAt;
  readonly text?: ListenAt;
  readonly log: Log;
}

const CONNECTIONS_MAX = 64;
const REQUEST_TIMEOUT_MS = 5000;
const HEAD_MAX_BYTES = 4096;
/** The idle share is that of about so long. */
const WINDOW_MS = 5000;
const SAMPLE_MS = 1000;

/** Busy shares over the last seconds, for a protocol that has no counters. */
class RecentLoad {
  readonly #samples: LoadCounters[] = [];

  add(sample: LoadCounters): void {
    this.#samples.push(sample);
    if (this.#samples.length > WINDOW_MS / SAMPLE_MS) this.#samples.shift();
  }

  /** 0 to 1; undefined: not known yet. */
  busy(now: LoadCounters): number | undefined {
    const [before] = this.#samples;
    const shares = now.resources.flatMap(({ name, busy, total }) => {
      const old = before?.resources.find((one) => one.name === name);
      return old === undefined || total <= old.total ? [] : [(busy - old.busy) / (total - old.total)];
    });
    return shares.length === 0 ? undefined : Math.min(1, Math.max(0, ...shares));
  }
}

function listening(server: Server | HttpServer, { host, port }: ListenAt): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, host, () => done());
  });
}

export class LoadAgent {
  readonly #recent = new RecentLoad();
  readonly #servers: (Server | HttpServer)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #trouble: string | undefined;

  constructor(readonly options: AgentOptions) {}

  /** What cannot be read is logged when it begins and when it ends. */
  #load(): LoadCounters | undefined {
    try {
      const load = serverLoad(this.options);
      this.#report(undefined);
      return load;
    } catch (error) {
      if (!(error instanceof NoLoad)) throw error;
      this.#report(error.message);
      return undefined;
    }
  }

  #report(trouble: string | undefined): void {
    if (trouble !== this.#trouble) this.options.log(trouble === undefined ? 'info' : 'warning', trouble ?? 'the load is known again');
    this.#trouble = trouble;
  }

  #answerHttp(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const isFor = request.url?.split('?')[0] === WEIR_LOAD_PATH;
    if (!isFor || request.method !== 'GET') {
      response.writeHead(isFor ? 405 : 404, { 'content-type': 'text/plain', connection: 'close' }).end(`GET ${WEIR_LOAD_PATH}\n`);
      return;
    }
    const load = this.#load();
    if (load === undefined) response.writeHead(503, { 'content-type': 'text/plain', connection: 'close' }).end(`${this.#trouble}\n`);
    else response.writeHead(200, { 'content-type': 'application/json' }).end(encodeWeirLoad(load, adminState(this.options)));
  }

  #answerText(socket: Socket): void {
    socket.setTimeout(REQUEST_TIMEOUT_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.resume();
    const load = this.#load();
    const busy = load && this.#recent.busy(load);
    const state = adminState(this.options);
    const percent = busy === undefined ? {} : { percent: Math.round(100 * (1 - busy)) };
    socket.end(encodeAgentText({ ...percent, admin: state.kind }));
  }

  /** @throws SystemError where it cannot listen */
  async start(): Promise<void> {
    const { http, text } = this.options;
    if (http !== undefined) {
      const server = createHttpServer(
        { maxHeaderSize: HEAD_MAX_BYTES, requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
        (request, response) => this.#answerHttp(request, response),
      );
      server.maxConnections = CONNECTIONS_MAX;
      this.#servers.push(server);
      await listening(server, http);
    }
    if (text === undefined) return;
    const server = createServer((socket) => this.#answerText(socket));
    server.maxConnections = CONNECTIONS_MAX;
    this.#servers.push(server);
    this.#sample();
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
    await listening(server, text);
  }

  #sample(): void {
    const load = this.#load();
    if (load !== undefined) this.#recent.add(load);
  }

  /** Where it listens now: of the HTTP answer, then of the text. */
  get ports(): readonly number[] {
    return this.#servers.flatMap((server) => {
      const address = server.address();
      return typeof address === 'object' && address !== null ? [address.port] : [];
    });
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const server of this.#servers) {
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
    }
  }
}
