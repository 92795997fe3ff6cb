// A director and two real servers by VS/DR in one network, or by VS/NAT in a network of their own; weir's daemon runs on the director. Port 80
// is checked by VIP_CHECK, port 81 by TCP_CHECK beside it.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Family } from '../../src/model/address.js';
import { fileOptions } from './file-options.js';
import { Bed, ENTRY, type Host } from './netns-bed.js';
import { RunningDaemon } from './running-daemon.js';

export type Method = 'DR' | 'NAT';

/** `front`, `back`: what addresses of the two networks begin with, and the length of these. */
const FORMS = {
  inet: { vip: '10.99.0.100', front: '10.99.0.', back: '10.98.0.', length: 24, host: 32, any: '0.0.0.0', defaultRoute: 'route' },
  inet6: { vip: 'fd99::100', front: 'fd99::', back: 'fd98::', length: 64, host: 128, any: '::', defaultRoute: '-6 route' },
} as const;

const TIMING = 'delay_loop 1\nretry 1\ndelay_before_retry 1\nwarmup 0\nconnect_timeout 2';

export class VipCheckBed {
  readonly #bed = new Bed();
  readonly #folder = this.#bed.folder('weir-vip-check-');
  readonly director: Host;
  readonly client: Host;
  readonly good: Host;
  /** The one that a test breaks. */
  readonly bad: Host;
  readonly vip: string;
  readonly #form: (typeof FORMS)[Family];

  constructor(
    name: string,
    readonly method: Method,
    readonly family: Family = 'inet',
  ) {
    const bed = this.#bed;
    const form = FORMS[family];
    this.#form = form;
    this.vip = form.vip;
    const front = bed.lan(`${name}f`);
    const back = method === 'DR' ? front : bed.lan(`${name}b`);
    [this.director, this.client] = [bed.host(`${name}d`), bed.host(`${name}c`)];
    [this.good, this.bad] = [bed.host(`${name}w1`), bed.host(`${name}w2`)];
    bed.atEnd(() => this.director.weir('unload'));
    const plug = (host: Host, device: string, lan: Host, ...addresses: readonly string[]): void =>
      bed.cable(host, device, lan, ...addresses.map((one) => (family === 'inet' ? one : `${one} nodad`)));
    // As weir vip adds it: else the director's own connections would come from the VIP.
    const deprecated = family === 'inet' ? '' : ' preferred_lft 0';
    plug(this.director, 'eth0', front, `${form.front}1/${form.length}`, `${form.vip}/${form.host}${deprecated}`);
    plug(this.client, 'eth0', front, `${form.front}7/${form.length}`);
    if (family === 'inet6') this.director.sysctl('net.ipv6.conf.all.forwarding', '1');
    if (method === 'NAT') {
      if (family === 'inet') this.director.sysctl('net.ipv4.ip_forward', '1');
      plug(this.director, 'eth1', back, `${form.back}1/${form.length}`);
    }
    for (const server of [this.good, this.bad]) {
      // An interface that goes down keeps its addresses, as with IPv4.
      if (family === 'inet6') server.sysctl('net.ipv6.conf.all.keep_addr_on_down', '1');
      plug(server, 'eth0', back, `${this.addressOf(server)}/${form.length}`);
      if (method === 'DR') {
        server.sysctl('net.ipv4.conf.all.arp_ignore', '1');
        server.sysctl('net.ipv4.conf.all.arp_announce', '2');
        this.giveVip(server);
      } else this.giveGateway(server);
    }
  }

  addressOf(server: Host): string {
    const { front, back } = this.#form;
    return `${this.method === 'DR' ? front : back}${server === this.good ? 11 : 12}`;
  }

  giveVip(server: Host): void {
    server.ip(`addr add ${this.vip}/${this.#form.host} dev lo`);
  }

  takeVip(server: Host): void {
    server.ip(`addr del ${this.vip}/${this.#form.host} dev lo`);
  }

  giveGateway(server: Host): void {
    server.ip(`${this.#form.defaultRoute} add default via ${this.#form.back}1`);
  }

  takeGateway(server: Host): void {
    server.ip(`${this.#form.defaultRoute} del default`);
  }

  /** Listeners on ports 80 and 81 of all addresses, but for those of `bad` on port 80: on this one. */
  async listen(address: string = this.#form.any): Promise<void> {
    const { any } = this.#form;
    await this.good.listen(this.#bed, any, 80);
    await this.good.listen(this.#bed, any, 81);
    await this.bad.listen(this.#bed, address, 80);
    await this.bad.listen(this.#bed, any, 81);
  }

  start(): RunningDaemon {
    const real = (server: Host, port: number, check: string): string =>
      `real_server ${this.addressOf(server)} ${port} {\n${check} {\n${TIMING}\n}\n}\n`;
    const virtual = (port: number, check: string): string =>
      `virtual_server ${this.vip} ${port} {\nlvs_sched rr\nlvs_method ${this.method}\nprotocol TCP\n${real(this.good, port, check)}${real(this.bad, port, check)}}\n`;
    const file = (name: string): string => join(this.#folder, name);
    writeFileSync(file('conf'), virtual(80, 'VIP_CHECK') + virtual(81, 'TCP_CHECK'));
    const argv = [process.execPath, ENTRY, 'keepalived', '-n', '-l', '-G', '-D', ...fileOptions(file)];
    const daemon = new RunningDaemon(['ip', 'netns', 'exec', this.director.namespace, ...argv], { TMPDIR: this.#folder });
    this.#bed.atEnd(() => {
      if (existsSync(`/proc/${daemon.pid}`)) daemon.signal('SIGKILL');
    });
    return daemon;
  }

  /** An address and port as ipvsadm and URLs have them. */
  #endpoint(address: string, port: number): string {
    return this.family === 'inet' ? `${address}:${port}` : `[${address}]:${port}`;
  }

  get url(): string {
    return `http://${this.#endpoint(this.vip, 80)}/`;
  }

  /** The real servers of a port that the table has: `good`, `bad`. */
  servers(port: number): readonly string[] {
    const lines = this.director.ipvsadm('-Sn').stdout.split('\n');
    const pair = (server: Host): string => `-a -t ${this.#endpoint(this.vip, port)} -r ${this.#endpoint(this.addressOf(server), port)} `;
    return [this.good, this.bad]
      .filter((server) => lines.some((line) => line.includes(pair(server))))
      .map((server) => (server === this.good ? 'good' : 'bad'));
  }

  /** What the director's table of connections has, without its headings. */
  connections(): readonly string[] {
    return this.director.ipvsadm('-Lnc').stdout.trimEnd().split('\n').slice(2);
  }

  /** Half-open connections at a server. */
  halfOpen(server: Host): readonly string[] {
    return server
      .run(['ss', '-Htan', 'state', 'syn-recv'])
      .stdout.split('\n')
      .filter((line) => line !== '');
  }

  close(): void {
    this.#bed.close();
  }
}
