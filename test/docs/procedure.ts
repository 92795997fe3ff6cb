// Types the lines of a section of docs/migrate.md on hosts in network namespaces, as an operator would.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Bed, type Host, noNamespaces, type Ran } from '../support/netns-bed.js';
import { noTools, type Skip } from '../support/probes.js';
import { root } from '../support/project.js';
import type { Place, Row, Section } from './migrate-page.js';

const WEB = (name: string): string =>
  `require('http').createServer((q,s)=>s.end('${name} '+q.socket.remoteAddress+'\\n')).listen({port:+process.argv[1],host:'0.0.0.0'},()=>console.log('ready'))`;

/** What happens after a line has been typed on a host. */
export type After = Readonly<Record<string, (host: Host) => void | Promise<void>>>;

const FAILED = (command: string, { status, stdout, stderr }: Ran): string => `${command}: ${status}\n${stdout}${stderr}`;

/** A director, two web servers and a client: on one switch, or (`nat`) the servers behind the director. */
export class Procedure {
  readonly bed = new Bed();
  readonly client: Host;
  readonly director: Host;
  readonly servers: readonly [Host, Host];
  readonly #folder: string;

  constructor(network: 'nat' | 'one switch') {
    const { bed } = this;
    this.#folder = bed.folder('weir-migrate-');
    for (const folder of ['systemd', 'udev', 'sysconfig', 'keepalived']) mkdirSync(join(this.#folder, 'etc', folder), { recursive: true });
    const outside = bed.lan('outside');
    const inside = network === 'nat' ? bed.lan('inside') : outside;
    const net = network === 'nat' ? '192.168.99' : '192.168.88';
    this.client = bed.host('client1');
    this.director = bed.host('lvs1');
    this.servers = [bed.host('web1'), bed.host('web2')];
    bed.cable(this.client, 'eth0', outside, '192.168.88.10/24');
    bed.cable(this.director, 'eth0', outside, '192.168.88.5/24');
    if (network === 'nat') bed.cable(this.director, 'eth1', inside, '192.168.99.5/24');
    bed.cable(this.servers[0], 'eth0', inside, `${net}.100/24`);
    bed.cable(this.servers[1], 'eth0', inside, `${net}.200/24`);
  }

  /** A web server, which answers with the host's name and the client's address. */
  web(host: Host, port = 80): Promise<void> {
    return host.serve(this.bed, [process.execPath, '-e', WEB(host.name), String(port)]);
  }

  /** A file below the folder that stands for `/`. */
  at(path: string): string {
    return join(this.#folder, path);
  }

  hostsOf(place: Place): readonly Host[] {
    return place === 'director' ? [this.director] : this.servers;
  }

  /** The line as it can be typed here: what is below /etc is in a folder of this test, and no system manager runs. */
  #typed(line: string): string {
    const unit = /^systemctl enable --now (\S+)$/.exec(line)?.[1];
    if (unit !== undefined) return `test -s ${this.at(`etc/systemd/system/${unit}.service`)}`;
    if (line.startsWith('vim ')) return `test -s ${this.at(line.slice('vim '.length))}`;
    if (line.startsWith('journalctl -u ')) return `test -s ${this.at(`etc/systemd/system/${line.split(' ')[2]}.service`)}`;
    // It draws until it is ended.
    if (line.startsWith('watch ')) return `timeout 5 env TERM=xterm ${line} | grep 'IP Virtual Server'`;
    const local = line.replaceAll(/(?<=[ >])\/etc\//g, this.at('etc/'));
    return /^bin\/weir install\b| --persist$/.test(local) ? `${local} --root ${this.#folder}` : local;
  }

  run(host: Host, line: string): Ran {
    const script = `cd ${root}; export PATH=${root}/bin:$PATH; ${this.#typed(line)}`;
    return host.run(['bash', '-c', script]);
  }

  /** It must succeed; its output. */
  type(host: Host, line: string): string {
    const ran = this.run(host, line);
    assert.equal(ran.status, 0, FAILED(line, ran));
    return ran.stdout;
  }

  async #row({ published, verdict, instead }: Row, host: Host, after: After): Promise<void> {
    if (verdict === 'leave out') return;
    const line = verdict === 'instead' ? instead : published;
    this.type(host, line);
    await after[line]?.(host);
  }

  /** All lines, host by host, in the order of the page. `after`, by a line: what must hold when it was typed. */
  async follow({ parts }: Section, after: After = {}): Promise<void> {
    const lines = parts.flatMap(({ rows }) => rows.map(({ published, verdict, instead }) => (verdict === 'instead' ? instead : published)));
    assert.deepEqual(
      Object.keys(after).filter((line) => !lines.includes(line)),
      [],
      'not on the page',
    );
    for (const { place, rows } of parts) {
      for (const host of this.hostsOf(place)) {
        for (const row of rows) await this.#row(row, host, after);
      }
    }
  }

  /** What the client gets, `times` times. */
  ask(times: number, url = 'http://192.168.88.15/'): readonly string[] {
    return Array.from({ length: times }, () => {
      const ran = this.client.run(['curl', '-s', '-m', '20', url]);
      assert.equal(ran.status, 0, FAILED(`curl ${url}`, ran));
      return ran.stdout.trim();
    });
  }

  /** The servers that answered, sorted. */
  names(times: number, url?: string): readonly string[] {
    return this.ask(times, url)
      .map((answer) => answer.split(' ')[0] ?? '')
      .sort();
  }
}

const skip = noNamespaces() || noTools('bash', 'curl', 'ifconfig', 'route', 'iptables', 'arping', 'watch');
export const VIP = '192.168.88.15';

/** A test that follows a section on fresh hosts. */
export function procedure(
  title: string,
  network: 'nat' | 'one switch',
  work: (at: Procedure) => Promise<void>,
  without: Skip = false,
): void {
  test(title, { skip: skip || without }, async () => {
    const at = new Procedure(network);
    try {
      await work(at);
    } finally {
      at.bed.close();
    }
  });
}

/** A web server on each real server. */
export async function startWebs(at: Procedure, ...ports: readonly number[]): Promise<void> {
  for (const host of at.servers) for (const port of ports.length === 0 ? [80] : ports) await at.web(host, port);
}

/** The real servers of VS/DR, as weir prepares them. */
export function prepare(at: Procedure): void {
  for (const host of at.servers) at.type(host, `weir realserver start --vip ${VIP}`);
}

/** Who answers ARP for the VIP, as the client has learnt it. */
export const macAt = (at: Procedure): string => /lladdr (\S+)/.exec(at.client.ip(`neigh show ${VIP}`))?.[1] ?? '';
export const macOf = (host: Host): string => /ether (\S+)/.exec(host.ip('link show eth0'))?.[1] ?? '';
