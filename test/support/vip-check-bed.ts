// A director and two real servers by VS/DR in one network, or by VS/NAT in a network of their own; weir's daemon runs on the director. Port 80
// is checked by VIP_CHECK, port 81 by TCP_CHECK beside it.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileOptions } from './file-options.js';
import { Bed, ENTRY, type Host } from './netns-bed.js';
import { RunningDaemon } from './running-daemon.js';

export const VIP = '10.99.0.100';
export type Method = 'DR' | 'NAT';

const TIMING = 'delay_loop 1\nretry 1\ndelay_before_retry 1\nwarmup 0\nconnect_timeout 2';

export class VipCheckBed {
  readonly #bed = new Bed();
  readonly #folder = mkdtempSync(join(tmpdir(), 'weir-vip-check-'));
  readonly director: Host;
  readonly client: Host;
  readonly good: Host;
  /** The one that a test breaks. */
  readonly bad: Host;
  readonly #network: string;

  constructor(
    name: string,
    readonly method: Method,
  ) {
    const bed = this.#bed;
    const front = bed.lan(`${name}f`);
    const back = method === 'DR' ? front : bed.lan(`${name}b`);
    this.#network = method === 'DR' ? '10.99.0' : '10.98.0';
    [this.director, this.client] = [bed.host(`${name}d`), bed.host(`${name}c`)];
    [this.good, this.bad] = [bed.host(`${name}w1`), bed.host(`${name}w2`)];
    bed.cable(this.director, 'eth0', front, '10.99.0.1/24', `${VIP}/32`);
    bed.cable(this.client, 'eth0', front, '10.99.0.7/24');
    if (method === 'NAT') {
      this.director.sysctl('net.ipv4.ip_forward', '1');
      bed.cable(this.director, 'eth1', back, '10.98.0.1/24');
    }
    for (const server of [this.good, this.bad]) {
      bed.cable(server, 'eth0', back, `${this.addressOf(server)}/24`);
      if (method === 'DR') {
        server.sysctl('net.ipv4.conf.all.arp_ignore', '1');
        server.sysctl('net.ipv4.conf.all.arp_announce', '2');
        this.giveVip(server);
      } else server.ip('route add default via 10.98.0.1');
    }
  }

  addressOf(server: Host): string {
    return `${this.#network}.${server === this.good ? 11 : 12}`;
  }

  giveVip(server: Host): void {
    server.ip(`addr add ${VIP}/32 dev lo`);
  }

  /** Listeners on ports 80 and 81 of all addresses, but for those of `bad` on port 80: on this one. */
  async listen(address = '0.0.0.0'): Promise<void> {
    await this.good.listen(this.#bed, '0.0.0.0', 80);
    await this.good.listen(this.#bed, '0.0.0.0', 81);
    await this.bad.listen(this.#bed, address, 80);
    await this.bad.listen(this.#bed, '0.0.0.0', 81);
  }

  start(): RunningDaemon {
    const real = (server: Host, port: number, check: string): string =>
      `real_server ${this.addressOf(server)} ${port} {\n${check} {\n${TIMING}\n}\n}\n`;
    const virtual = (port: number, check: string): string =>
      `virtual_server ${VIP} ${port} {\nlvs_sched rr\nlvs_method ${this.method}\nprotocol TCP\n${real(this.good, port, check)}${real(this.bad, port, check)}}\n`;
    const file = (name: string): string => join(this.#folder, name);
    writeFileSync(file('conf'), virtual(80, 'VIP_CHECK') + virtual(81, 'TCP_CHECK'));
    const argv = [process.execPath, ENTRY, 'keepalived', '-n', '-l', '-G', '-D', ...fileOptions(file)];
    const daemon = new RunningDaemon(['ip', 'netns', 'exec', this.director.namespace, ...argv], { TMPDIR: this.#folder });
    this.#bed.atEnd(() => {
      if (existsSync(`/proc/${daemon.pid}`)) daemon.signal('SIGKILL');
    });
    return daemon;
  }

  /** The real servers of a port that the table has: `good`, `bad`. */
  servers(port: number): readonly string[] {
    const lines = this.director.ipvsadm('-Sn').stdout.split('\n');
    return [this.good, this.bad]
      .filter((server) => lines.some((line) => line.includes(`-a -t ${VIP}:${port} -r ${this.addressOf(server)}:${port} `)))
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
    this.director.weir('unload');
    this.#bed.close();
    rmSync(this.#folder, { recursive: true });
  }
}
