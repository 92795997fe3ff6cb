// A director, two nginx behind it by VS/NAT and a client, each in a namespace; weir's daemon runs on the director.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileOptions } from './file-options.js';
import { Bed, ENTRY, type Host } from './netns-bed.js';
import { signalledPid } from './pids.js';
import { RunningDaemon } from './running-daemon.js';

export const VIP = '10.99.0.100';
export type Web = 'web1' | 'web2';
export const WEB_ADDRESSES: Readonly<Record<Web, string>> = { web1: '10.98.0.11', web2: '10.98.0.12' };

/** Fast enough for a test: a verdict in about two seconds. */
export const TIMING = 'delay_loop 1\nretry 1\ndelay_before_retry 1\nwarmup 0';

const nginxText = (folder: string, web: Web): string => `daemon off;
pid ${folder}/${web}.pid;
error_log stderr;
events { }
http {
  log_format path $uri;
  access_log ${folder}/${web}.access path;
  server {
    listen ${WEB_ADDRESSES[web]}:80;
    location / { return 200 "${web}\\n"; }
  }
}
`;

export class HealthCheckBed {
  readonly #bed = new Bed();
  readonly folder = this.#bed.folder('weir-health-');
  readonly director: Host;
  readonly client: Host;
  readonly #webs: Readonly<Record<Web, Host>>;
  readonly #servers = new Map<Web, ChildProcess>();

  /** `name` keeps beds of one test file apart. */
  constructor(name: string) {
    const bed = this.#bed;
    const [front, back] = [bed.lan(`${name}f`), bed.lan(`${name}b`)];
    this.director = bed.host(`${name}d`);
    this.client = bed.host(`${name}c`);
    this.#webs = { web1: bed.host(`${name}w1`), web2: bed.host(`${name}w2`) };
    bed.atEnd(() => this.director.weir('unload'));
    this.director.sysctl('net.ipv4.ip_forward', '1');
    bed.cable(this.director, 'eth0', front, '10.99.0.1/24', `${VIP}/24`);
    bed.cable(this.director, 'eth1', back, '10.98.0.1/24');
    bed.cable(this.client, 'eth0', front, '10.99.0.7/24');
    for (const web of ['web1', 'web2'] as const) {
      bed.cable(this.#webs[web], 'eth0', back, `${WEB_ADDRESSES[web]}/24`);
      this.#webs[web].ip('route add default via 10.98.0.1');
    }
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  #netns(host: Host, argv: readonly string[]): readonly string[] {
    return ['ip', 'netns', 'exec', host.namespace, ...argv];
  }

  /** Resolves when the web server answers. */
  async startWeb(web: Web): Promise<void> {
    const conf = this.file(`${web}.conf`);
    writeFileSync(conf, nginxText(this.folder, web));
    const [file = '', ...args] = this.#netns(this.#webs[web], ['nginx', '-c', conf, '-e', 'stderr']);
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    this.#servers.set(web, child);
    // By SIGKILL its workers would stay.
    this.#bed.atEnd(() => child.kill('SIGTERM'));
    const probe = ['curl', '-s', '--retry', '600', '--retry-connrefused', '--retry-delay', '0', `http://${WEB_ADDRESSES[web]}/`];
    const { status, stderr } = this.#webs[web].run(probe);
    if (status !== 0) throw new Error(`nginx of ${web} does not answer: ${stderr}`);
  }

  /** nginx and its workers end, connections and all. */
  async stopWeb(web: Web): Promise<void> {
    const child = this.#servers.get(web);
    this.#servers.delete(web);
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await ended;
  }

  /** Both web servers, started again. */
  async freshWebs(): Promise<void> {
    for (const web of ['web1', 'web2'] as const) {
      await this.stopWeb(web);
      await this.startWeb(web);
    }
  }

  /** Runs a server on the director itself; resolves at its first line. */
  serveOnDirector(argv: readonly string[]): Promise<void> {
    return this.director.serve(this.#bed, argv);
  }

  web(web: Web): Host {
    return this.#webs[web];
  }

  /** A TCP server on a web server's host, besides nginx. */
  serveOn(web: Web, address: string, port: number): Promise<void> {
    return this.#webs[web].listen(this.#bed, address, port);
  }

  /** How often a page of it was asked for. */
  asked(web: Web, path: string): number {
    const file = this.file(`${web}.access`);
    return existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .filter((line) => line === path).length
      : 0;
  }

  /** `before`: a shell command in the daemon's mount namespace, of which others see nothing. */
  start(configuration: string, before = ':', ...words: readonly string[]): RunningDaemon {
    this.configure(configuration);
    const files = fileOptions((name) => this.file(name));
    const daemonWords = [process.execPath, ENTRY, 'keepalived', '-n', '-l', '-G', '-D', ...files, ...words];
    const argv = ['sh', '-c', `${before} && exec "$@"`, 'sh', ...daemonWords];
    const daemon = new RunningDaemon(this.#netns(this.director, argv), { TMPDIR: this.folder });
    this.#bed.atEnd(() => {
      if (existsSync(`/proc/${daemon.pid}`)) daemon.signal('SIGKILL');
    });
    return daemon;
  }

  configure(configuration: string): void {
    writeFileSync(this.file('conf'), configuration);
  }

  checkerPid(): number {
    return signalledPid(this.file('c.pid'));
  }

  /** The table's lines of `ipvsadm -Sn`. */
  table(): readonly string[] {
    return this.director.ipvsadm('-Sn').stdout.trimEnd().split('\n');
  }

  /** The real servers that the table has: `web1 1`. */
  servers(): readonly string[] {
    const names = new Map(Object.entries(WEB_ADDRESSES).map(([name, address]) => [address, name]));
    return this.table()
      .flatMap((line) => {
        const [, address = '', weight] = / -r ([\d.]+):\d+ .*-w (\d+)/.exec(line) ?? [];
        return weight === undefined ? [] : [`${names.get(address) ?? address} ${weight}`];
      })
      .sort();
  }

  /** Resolves when the table has just these real servers: `web1 1`. */
  serves(daemon: RunningDaemon, ...servers: readonly string[]): Promise<unknown> {
    const wanted = JSON.stringify(servers);
    return daemon.until(`the table to be ${servers.join(', ')}`, () => JSON.stringify(this.servers()) === wanted);
  }

  /** What so many requests of the client to the VIP were answered. */
  answers(count: number): readonly string[] {
    return Array.from({ length: count }, () => this.client.run(['curl', '-s', '-m', '20', `http://${VIP}/`]).stdout.trim());
  }

  async close(): Promise<void> {
    for (const web of [...this.#servers.keys()]) await this.stopWeb(web);
    this.#bed.close();
  }
}
