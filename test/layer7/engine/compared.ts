// One weir.yaml served by weir proxy, nginx and HAProxy, before the same servers: what each of them makes of a request.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Authority } from '../../support/certificates.js';
import { freePort } from '../../support/free-port.js';
import { get, RunningProxy } from '../running-proxy.js';

export type EngineName = 'nginx' | 'haproxy';
export const ENGINE_NAMES: readonly EngineName[] = ['nginx', 'haproxy'];

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** Answers with its number and what it was asked. */
async function echo(number: number): Promise<Server> {
  const server = createServer((incoming, answer) => {
    const { host, 'x-forwarded-for': client, 'x-forwarded-proto': scheme, 'x-path': path, 'x-made': made, x_y: dropped } = incoming.headers;
    answer.setHeader('X-Hidden', 'x');
    answer.setHeader('X-Server', number);
    answer.end(JSON.stringify([incoming.url, host, client, scheme, path, made, dropped]));
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** What of an answer is the same by whichever way it came. */
export interface Seen {
  readonly server: string | undefined;
  readonly rest: readonly unknown[];
}

export interface Way {
  readonly name: 'proxy' | EngineName;
  readonly port: number;
  readonly securePort: number;
  readonly file: string;
  readonly folder: string;
  readonly running: RunningProxy;
}

export class Compared {
  readonly folder = mkdtempSync(join(tmpdir(), 'weir-engine-'));
  readonly ways: Way[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #servers: readonly Server[] = [];

  get serverPorts(): readonly number[] {
    return this.#servers.map(portOf);
  }

  text(port: number, extra = ''): string {
    const list = this.#servers.map((server, index) => `{ address: "127.0.0.1:${portOf(server)}", weight: ${index + 1} }`).join(', ');
    const pool = (name: string, balance: string): string => `    ${name}: { balance: ${balance}, servers: [${list}] }\n`;
    return `layer7:
  listeners:
    web: 127.0.0.1:${port}${extra}
  pools:
${pool('turns', 'round_robin')}${pool('hashed', '{ hash: $request_uri }')}${pool('ring', '{ hash: $arg_k, consistent: true }')}${pool('clients', 'ip_hash')}
  hosts:
    - server_name: [a.example, "*.a.example"]
      locations:
        - location: /
          pool: turns
          proxy_set_header: { X-Path: $uri, X-Made: "$request_method $scheme $cookie_c$http_x_z $arg_k$is_args" }
          add_header: { X-Added: $host }
          proxy_hide_header: X-Hidden
        - { location: "= /exact", pool: hashed }
        - { location: /api, pool: hashed, replace_prefix: /v1/ }
        - { location: "^~ /static/", pool: ring, replace_prefix: /files/ }
        - { location: '~* \\.(png|jpe?g)$', pool: hashed }
        - { location: '~ ^/group/([^/0-9]+)/', redirect: { to: "https://$host/$1?$args", status: 308 } }
        - { location: /gone, return: { status: 410, body: 'it is "gone": $request_uri' }, add_header: { X-Added: "by $request_method" } }
    - server_name: ['~^c\\d+\\.example$', "www.*"]
      locations: [{ location: /x/, pool: clients }]
    - server_name: [other.example]
      default_server: true
      locations: [{ location: /, pool: hashed, proxy_set_header: { Host: $proxy_host } }]
`;
  }

  async #way(name: Way['name']): Promise<Way> {
    const [port, securePort] = [await freePort(), await freePort()];
    const [file, folder] = [join(this.folder, `${name}.yaml`), join(this.folder, name)];
    const own = new Authority(join(this.folder, `${name}-ca`), 'test').sign('a', { names: 'DNS:a.example' });
    const certificate = `{ ssl_certificate: ${own.certificate}, ssl_certificate_key: ${own.key} }`;
    const secure = `\n    secure: { listen: "127.0.0.1:${securePort}", tls: { http2: true, certificates: ${certificate} } }`;
    writeFileSync(file, this.text(port, name === 'proxy' ? '' : secure));
    const options = ['--config', file, '--workers', '1'];
    const running = name === 'proxy' ? new RunningProxy(options) : new RunningProxy([name, ...options, '--dir', folder], 'engine');
    return { name, port, securePort, file, folder, running };
  }

  async start(): Promise<void> {
    this.#servers = await Promise.all([1, 2, 3].map(echo));
    for (const name of ['proxy', ...ENGINE_NAMES] as const) this.ways.push(await this.#way(name));
    await Promise.all(this.ways.map(({ name, running }) => running.reported(name === 'proxy' ? /serves/ : /runs (nginx|haproxy)/)));
    for (const { port } of this.ways) await untilServed(port);
  }

  of(name: Way['name']): Way {
    return this.ways.find((way) => way.name === name) ?? assert.fail(name);
  }

  async ask({ port }: Way, host: string, path: string, method: string): Promise<Seen> {
    const headers = { host, 'x-forwarded-for': '192.0.2.9', cookie: 'a=1; c=d', 'x-z': '%z', x_y: 'dropped' };
    const asked = request({ host: '127.0.0.1', port, path, method, agent: this.#agent, headers });
    asked.end();
    const [answer] = await once(asked, 'response');
    let body = '';
    for await (const piece of answer) body += piece;
    const { location, 'x-added': added, 'x-hidden': hidden, 'x-server': server } = answer.headers;
    // what they answer themselves without a text has words of their own
    const isOwn = answer.statusCode !== 200 && answer.statusCode !== 410;
    return { server, rest: [answer.statusCode, isOwn ? '' : body, location?.replace(`:${port}/`, ':PORT/'), added, hidden] };
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    for (const { running } of this.ways) running.signal('SIGTERM');
    const statuses = await Promise.all(this.ways.map(({ running }) => running.ended));
    for (const server of this.#servers) server.closeAllConnections();
    for (const server of this.#servers) server.close();
    rmSync(this.folder, { recursive: true });
    assert.deepEqual(
      statuses,
      this.ways.map(() => 0),
    );
  }
}

/** Until a port answers. */
export async function untilServed(port: number): Promise<void> {
  while ((await get(port).catch(() => undefined))?.status !== 200) await delay(50);
}
