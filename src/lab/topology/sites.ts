// Starts a host's servers inside its namespace: nginx for web sites, or the built-in server; the built-in one for mail and FTP.

import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WeirError } from '../../model/errors/weir-error.js';
import { runChild, type Service, startChild } from '../../sys/processes/child.js';
import type { LabSite } from '../definition/lab.js';
import { findCommand, labEnvironment } from '../state/paths.js';
import { nginxConfig, siteBody } from './nginx-config.js';
import type { ServeFile } from './serve.js';

export type ServerKind = 'nginx' | 'builtin';

export const bestServer = (): ServerKind => (findCommand('nginx') === undefined ? 'builtin' : 'nginx');

/** The log of a host's server: one line `CLIENT PORT STATUS` for each request. */
const accessLog = (folder: string, host: string): string => join(folder, host, 'access.log');

const inNamespace = (pid: number, namespace: string): boolean =>
  readlinkSync(`/proc/${pid}/ns/net`) === `net:[${statSync(`/run/netns/${namespace}`).ino}]`;

/** Ports with a TCP listener in a process's namespace (state 0A, proc_net(5)). */
function listening(pid: number): ReadonlySet<number> {
  const lines = ['tcp', 'tcp6'].flatMap((name) => {
    const path = `/proc/${pid}/net/${name}`;
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(1) : [];
  });
  return new Set(
    lines
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A')
      .map((fields) => Number.parseInt(fields[1]?.split(':')[1] ?? '', 16)),
  );
}

async function untilListening(service: Service, namespace: string, ports: readonly number[], host: string): Promise<void> {
  const until = Date.now() + 10_000;
  for (;;) {
    if (!service.running()) {
      const why = service.stderr().trim() || `exit ${await service.ended}`;
      throw new WeirError('web-server-failed', { host, why: `ended at once: ${why}` });
    }
    // Before its exec, `ip netns exec` is still in our own namespace, whose listeners do not count.
    if (inNamespace(service.pid, namespace)) {
      const open = listening(service.pid);
      if (ports.every((port) => open.has(port))) return;
    }
    if (Date.now() > until) {
      const why = `does not listen on port ${ports.join(', ')}: ${service.stderr().trim()}`;
      throw new WeirError('web-server-failed', { host, why });
    }
    await delay(10);
  }
}

/** What runs a host's servers, and the file that it reads. */
interface Server {
  readonly config: string;
  readonly text: string;
  readonly argv: readonly string[];
  readonly sites: readonly LabSite[];
}

function builtin(host: string, sites: readonly LabSite[], folder: string, name: string): Server {
  const config = join(folder, host, name);
  const file: ServeFile = { log: accessLog(folder, host), host, sites: sites.map((site) => ({ ...site, body: siteBody(host, site) })) };
  return { config, text: JSON.stringify(file), argv: ['weir', 'lab', 'serve', config], sites };
}

function nginx(host: string, sites: readonly LabSite[], folder: string): Server {
  const own = join(folder, host);
  const config = join(own, 'nginx.conf');
  const argv = ['nginx', '-p', own, '-e', join(own, 'error.log'), '-c', config];
  return { config, text: nginxConfig(host, sites, own), argv, sites };
}

const isWeb = ({ protocol }: LabSite): boolean => protocol === undefined;

function serversOf(kind: ServerKind, host: string, sites: readonly LabSite[], folder: string): readonly Server[] {
  const web = sites.filter(isWeb);
  const others = sites.filter((site) => !isWeb(site));
  return [
    ...(web.length === 0 ? [] : [kind === 'nginx' ? nginx(host, web, folder) : builtin(host, web, folder, 'sites.json')]),
    ...(others.length === 0 ? [] : [builtin(host, others, folder, 'mail.json')]),
  ];
}

/** Starts a host's servers and resolves when all listen. @throws WeirError web-server-failed with its error output */
export async function startSites(
  kind: ServerKind,
  namespace: string,
  host: string,
  sites: readonly LabSite[],
  folder: string,
): Promise<void> {
  const own = join(folder, host);
  mkdirSync(own, { recursive: true });
  writeFileSync(accessLog(folder, host), '');
  for (const { config, text, argv, sites: served } of serversOf(kind, host, sites, folder)) {
    writeFileSync(config, text);
    const service = await startChild(['ip', 'netns', 'exec', namespace, ...argv], {
      env: labEnvironment(folder),
      stderrPath: `${config}.stderr`,
    });
    await untilListening(
      service,
      namespace,
      served.map(({ port }) => port),
      host,
    );
  }
}

/** States in which a server may not have logged its request yet: established, half open, and closed by the client alone. */
const OPEN_STATES: readonly string[] = ['01', '03', '08'];

/** Whether a connection to one of these ports is open in a namespace: servers log a request before they close its connection. */
export async function isServing(namespace: string, ports: readonly number[]): Promise<boolean> {
  const { stdout } = await runChild(['ip', 'netns', 'exec', namespace, 'cat', '/proc/net/tcp', '/proc/net/tcp6']);
  return stdout.split('\n').some((line) => {
    const [, local = '', , state = ''] = line.trim().split(/\s+/);
    return OPEN_STATES.includes(state) && ports.includes(Number.parseInt(local.split(':')[1] ?? '', 16));
  });
}

export interface Served {
  readonly requests: number;
  /** Requests by client address. */
  readonly clients: Readonly<Record<string, number>>;
}

/** What a host has served so far, without the first `skip` requests. */
export function servedBy(folder: string, host: string, skip = 0): Served {
  const lines = readFileSync(accessLog(folder, host), 'utf8').split('\n').slice(0, -1).slice(skip);
  const clients: Record<string, number> = {};
  for (const line of lines) {
    const client = line.slice(0, line.indexOf(' '));
    clients[client] = (clients[client] ?? 0) + 1;
  }
  return { requests: lines.length, clients };
}
