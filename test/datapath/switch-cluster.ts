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

/** The listener of IPv6. */
const VIP6 = 'fd00:8:1::100';

/** `weights`: of both servers of the pool of a.example; any other host is the proxy's. */
export const switchFile = (...weights: readonly number[]): string => `layer7:
  listeners: { web: "${VIP}:80", six: "[${VIP6}]:80" }
  pools:
    both: { servers: [{ address: "10.8.2.11:80", weight: ${weights[0] ?? 1} }, { address: "10.8.2.12:80", weight: ${weights[1] ?? 1} }] }
    both6: { servers: ["[fd00:8:2::11]:80", "[fd00:8:2::12]:80"] }
    one: { servers: ["10.8.2.11:80"] }
  hosts:
    - { server_name: [a.example], listen: six, way: switch, locations: [{ location: /, pool: both6 }] }
    - { server_name: [a.example], listen: web, way: switch, locations: [{ location: /, pool: both }] }
    - { default_server: true, locations: [{ location: /, pool: one }] }
`;

/** Its client's address. Connections that idle stay. */
const SERVER = `require('node:http').createServer({ keepAliveTimeout: 600000 }, (q, s) => s.end(q.socket.remoteAddress.replace('::ffff:', '') + '\\n'))
  .listen(80, '::', () => console.log('listens'));`;

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
  /** The answer to one request. `at`: the listener, as in a URL. */
  readonly get: (host: string, at?: string) => string;
}

/** The listener of IPv6 in a URL. */
export const AT_SIX = `[${VIP6}]`;

function addIpv6({ client, lvs, web1, web2 }: Cluster): void {
  client.ip('addr add fd00:8:1::10/64 dev eth0 nodad');
  for (const address of ['fd00:8:1::1/64', `${VIP6}/128`]) lvs.ip(`addr add ${address} dev eth0 nodad`);
  lvs.ip('addr add fd00:8:2::1/64 dev eth1 nodad');
  lvs.sysctl('net.ipv6.conf.all.forwarding', '1'); // without it the kernel names no next hop of IPv6
  for (const [k, web] of [web1, web2].entries()) {
    web.ip(`addr add fd00:8:2::1${k + 1}/64 dev eth0 nodad`);
    web.ip('-6 route add default via fd00:8:2::1');
  }
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
    addIpv6(cluster);
    const get = (host: string, at = VIP): string =>
      client.run(['curl', '-s', '-g', '-m', '60', '-H', `Host: ${host}`, `http://${at}/`]).stdout.trim();
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

/** A load of so many connections at the same time until it is ended: nothing of it was lost. `at`: the listener, as in a URL. */
export function load(
  { bed, client }: Cluster,
  host: string,
  connections: number,
  options: readonly string[] = [],
  at = VIP,
): () => Promise<number> {
  const words = ['-t', '1', '-c', String(connections), '-d', '600', '--timeout', '120', '-H', `Host: ${host}`, ...options, `http://${at}/`];
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
