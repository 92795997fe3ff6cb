// Content switching in a cluster of living hosts: two web servers, weir proxy for what is undecided, and clients of HTTP that ask all the time.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENTRY, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { type Cluster, inCluster, ok, running, until, VIP } from './cluster.js';

export const skip = noNamespaces() || noTools('wrk', 'curl');

/** `weights`: of both servers of the pool of a.example; any other host is the proxy's. */
export const switchFile = (...weights: readonly number[]): string => `layer7:
  listeners: { web: "${VIP}:80" }
  pools:
    both: { servers: [{ address: "10.8.2.11:80", weight: ${weights[0] ?? 1} }, { address: "10.8.2.12:80", weight: ${weights[1] ?? 1} }] }
    one: { servers: ["10.8.2.11:80"] }
  hosts:
    - { server_name: [a.example], way: switch, locations: [{ location: /, pool: both }] }
    - { default_server: true, locations: [{ location: /, pool: one }] }
`;

/** Its client's address. Connections that idle stay. */
const SERVER = `require('node:http').createServer({ keepAliveTimeout: 600000 }, (q, s) => s.end(q.socket.remoteAddress + '\\n'))
  .listen(80, '0.0.0.0', () => console.log('listens'));`;

export interface Counts {
  readonly bound: number;
  readonly to_proxy: number;
  readonly failed: number;
  readonly full: number;
  readonly unfit: number;
  readonly lost: number;
}

export interface Switched extends Cluster {
  /** What is printed. */
  readonly weir: (line: string) => string;
  /** Writes the file, and applies it. */
  readonly apply: (text: string) => void;
  readonly counts: () => Counts;
  /** The answer to one request. */
  readonly get: (host: string) => string;
}

export function inSwitched(options: string, work: (switched: Switched) => Promise<void>): Promise<void> {
  return inCluster(async (cluster) => {
    const { bed, client, lvs, web1, web2 } = cluster;
    const folder = bed.folder('switched-');
    const file = join(folder, 'weir.yaml');
    bed.undo(() => rmSync(folder, { recursive: true }));
    const weir = (line: string): string => ok(lvs.weir(line));
    const apply = (text: string): void => {
      writeFileSync(file, text);
      weir(`switch apply --config ${file}`);
    };
    const get = (host: string): string => client.run(['curl', '-s', '-m', '60', '-H', `Host: ${host}`, `http://${VIP}/`]).stdout.trim();
    for (const web of [web1, web2]) await web.serve(bed, [process.execPath, '-e', SERVER]);
    writeFileSync(file, switchFile());
    weir(`load --attach tc ${options}`.trim());
    running(bed, lvs, [process.execPath, ENTRY, 'weir', 'proxy', '--config', file, '--workers', '1']);
    apply(switchFile());
    await until(
      () => get('c.example'),
      (answer) => answer === '10.8.2.1',
    );
    const counts = (): Counts => JSON.parse(weir('switch status --json')).counts;
    await work({ ...cluster, weir, apply, counts, get });
  });
}

/** A load of so many connections at the same time until it is ended: nothing of it was lost. */
export function load({ bed, client }: Cluster, host: string, connections: number, ...options: readonly string[]): () => Promise<number> {
  const words = [
    '-t',
    '1',
    '-c',
    String(connections),
    '-d',
    '600',
    '--timeout',
    '120',
    '-H',
    `Host: ${host}`,
    ...options,
    `http://${VIP}/`,
  ];
  const child = spawn('ip', ['netns', 'exec', client.namespace, 'wrk', ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  bed.endsWith(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return async () => {
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    await ended;
    assert.doesNotMatch(output, /Socket errors|Non-2xx/);
    return Number(/(\d+) requests in/.exec(output)?.[1] ?? assert.fail(output));
  };
}
