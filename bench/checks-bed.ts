// One namespace with hundreds of servers on its loopback and one daemon that checks them, weir or Debian's keepalived; what it costs and how
// punctual it is are measured from outside.
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Netns } from '../src/sys/namespaces/netns.js';
import { dropNamespace, makeNamespace, setSysctls } from './namespaces.js';
import { run, start, stop } from './processes.js';
import { allCpus, type DaemonName, daemonOf } from './vrrp-pair.js';
import { now, until } from './wait.js';

/** Every address of this network is local, so that each is a server. */
const NETWORK = '10.98.0.1/16';
export const PORTS = Array.from({ length: 10 }, (_, index) => 8001 + index);
export const ADDRESSES = 50;
export const FIRST_ADDRESS = '10.98.1.1';
/** Servers of their own, whose attempts are captured. */
export const PROBE_PORT = 9999;
const TICKS_PER_S = 100;

/** 500 distinct RIP:port. */
export const places: readonly string[] = PORTS.flatMap((port) =>
  Array.from({ length: ADDRESSES }, (_, index) => `10.98.1.${index + 1} ${port}`),
);

const nginxConfiguration = (folder: string): string => `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.log crit;
events { worker_connections 65536; multi_accept on; }
worker_rlimit_nofile 131072;
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server {
    ${[...PORTS, PROBE_PORT].map((port) => `listen ${port} backlog=65535;`).join(' ')}
    location / { return 200 "well"; }
  }
}
`;

const linesOf = (path: string): readonly string[] => readFileSync(path, 'utf8').split('\n');

export class ChecksBed {
  readonly folder = mkdtempSync(join(tmpdir(), 'weir-bench-checks-'));
  readonly namespace: string;
  readonly #cookie: bigint;
  #servers: ChildProcess | undefined;
  #daemon: ChildProcess | undefined;
  #log = '';

  /** `shim`: stands in for the kernel's IPVS before keepalived. */
  constructor(
    readonly maker: DaemonName,
    readonly shim: string,
    name: string,
  ) {
    this.namespace = makeNamespace(name);
    setSysctls(this.namespace, ['net.core.somaxconn=65535', 'net.ipv4.tcp_max_syn_backlog=65535']);
    run(this.namespace, ['ip', 'address', 'add', NETWORK, 'dev', 'lo']);
    run(this.namespace, ['ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'far']);
    run(this.namespace, ['ip', 'link', 'set', 'far', 'up']);
    run(this.namespace, ['ip', 'address', 'add', '10.99.0.1/24', 'dev', 'eth0']);
    run(this.namespace, ['ip', 'link', 'set', 'eth0', 'up']);
    const netns = Netns.byName(this.namespace);
    this.#cookie = netns.cookie;
    netns.close();
  }

  get cookie(): bigint {
    return this.#cookie;
  }

  get log(): string {
    return this.#log;
  }

  async serve(): Promise<void> {
    const file = join(this.folder, 'nginx.conf');
    writeFileSync(file, nginxConfiguration(this.folder));
    this.#servers = start(this.namespace, ['taskset', '-c', allCpus, 'nginx', '-p', this.folder, '-c', file]);
    let errors = '';
    this.#servers.stdout?.resume();
    this.#servers.stderr?.on('data', (text: Buffer) => {
      errors += text.toString();
    });
    const listening = (): boolean =>
      run(this.namespace, ['ss', '-Hltn']).includes(`:${PROBE_PORT} `) || (this.#servers?.exitCode ?? null) !== null;
    await until('the servers listen', listening);
    if (this.#servers.exitCode !== null) throw new Error(`nginx: ${errors.trim().slice(0, 500)}`);
  }

  /** Ends all servers at the same time: what connects to them is refused. When, in seconds. */
  killServers(): number {
    const at = now();
    this.#servers?.kill('SIGKILL');
    return at;
  }

  /** @returns when it was started, in seconds */
  start(configuration: string, ...options: readonly string[]): number {
    const at = (name: string): string => join(this.folder, name);
    writeFileSync(at('conf'), configuration);
    const files = ['-f', at('conf'), '-p', at('parent'), '-c', at('checkers'), '-r', at('vrrp'), '-b', at('bfd')];
    const preload = this.maker === 'keepalived' ? ['env', `LD_PRELOAD=${this.shim}`] : [];
    const began = now();
    const command = ['taskset', '-c', allCpus, ...preload, daemonOf(this.maker), '-n', '-l', '-G', ...options, ...files];
    const child = start(this.namespace, command);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.#log += text.toString();
      });
    }
    this.#daemon = child;
    return began;
  }

  /** Of the process that makes the checks. */
  get checker(): number {
    const path = join(this.folder, 'checkers');
    const pid = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
    if (!(pid > 0 && existsSync(`/proc/${pid}`))) throw new Error(`no checker runs; the log ends with\n${this.#log.slice(-2000)}`);
    return pid;
  }

  hasChecker(): boolean {
    const path = join(this.folder, 'checkers');
    return existsSync(path) && Number(readFileSync(path, 'utf8')) > 0;
  }

  /** Seconds that all threads of the checker have run, those that ended included. */
  cpu(): number {
    const { checker } = this;
    const fields = readFileSync(`/proc/${checker}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
  }

  /** TCP connections that were begun in this namespace; only the checker begins any. */
  attempts(): number {
    const [names, values] = linesOf(`/proc/${this.checker}/net/snmp`).filter((line) => line.startsWith('Tcp:'));
    const at = names?.split(' ').indexOf('ActiveOpens') ?? -1;
    return Number(values?.split(' ')[at]);
  }

  /** Sockets in TIME_WAIT. */
  waiting(): number {
    const line = linesOf(`/proc/${this.checker}/net/sockstat`).find((text) => text.startsWith('TCP:')) ?? '';
    return Number(/ tw (\d+)/.exec(line)?.[1]);
  }

  /** CPUs' worth of runnable programs, of the whole machine. */
  static load(): number {
    return Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]);
  }

  async close(): Promise<void> {
    if (this.#daemon !== undefined) await stop(this.#daemon);
    if (this.#servers !== undefined) await stop(this.#servers);
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(`/run/weir/health/${this.#cookie}.json`, { force: true });
    dropNamespace(this.namespace);
  }
}
