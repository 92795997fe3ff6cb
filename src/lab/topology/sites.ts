// Starts a host's web sites: nginx, or the built-in server. Either runs inside the host's namespace.

import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WeirError } from '../../model/errors/weir-error.js';
import { type Service, startChild } from '../../sys/processes/child.js';
import type { LabSite } from '../definition/lab.js';
import { findCommand, labEnvironment } from '../state/paths.js';
import { nginxConfig, siteBody } from './nginx-config.js';

export type ServerKind = 'nginx' | 'builtin';

export const bestServer = (): ServerKind => (findCommand('nginx') === undefined ? 'builtin' : 'nginx');

/** The log of a host's server: one line `CLIENT PORT STATUS` for each request. */
export const accessLog = (folder: string, host: string): string => join(folder, host, 'access.log');

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

/** Starts a host's server and resolves when it listens. @throws WeirError web-server-failed with its error output */
export async function startSites(
  kind: ServerKind,
  namespace: string,
  host: string,
  sites: readonly LabSite[],
  folder: string,
): Promise<Service> {
  const own = join(folder, host);
  mkdirSync(own, { recursive: true });
  writeFileSync(accessLog(folder, host), '');
  const config = join(own, kind === 'nginx' ? 'nginx.conf' : 'sites.json');
  writeFileSync(
    config,
    kind === 'nginx'
      ? nginxConfig(host, sites, own)
      : JSON.stringify({
          log: accessLog(folder, host),
          sites: sites.map((site) => ({ ...site, body: `${siteBody(host, site)}\n` })),
        }),
  );
  const argv = kind === 'nginx' ? ['nginx', '-p', own, '-e', join(own, 'error.log'), '-c', config] : ['weir', 'lab', 'serve', config];
  const service = await startChild(['ip', 'netns', 'exec', namespace, ...argv], {
    env: labEnvironment(folder),
    stderrPath: join(own, 'stderr'),
  });
  await untilListening(
    service,
    namespace,
    sites.map(({ port }) => port),
    host,
  );
  return service;
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
