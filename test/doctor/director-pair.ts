// A VRRP pair of directors with a service, by each way to configure one; and the test that weir doctor finds nothing wrong on either.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Bed, ENTRY, type Host, noNamespaces } from '../support/netns-bed.js';
import { RunningDaemon } from '../support/running-daemon.js';
import { examineMeanwhile } from './verdict.js';

export const on = { skip: noNamespaces() };
const VIP = '10.98.2.100';
const PORT = 8080;

interface Node {
  readonly host: Host;
  readonly daemon: RunningDaemon;
}

/** What an instance has beside its interface, VRID, priority and VIP. */
interface Variant {
  readonly name: string;
  /** `own` and `peer`: the nodes' addresses. */
  readonly options: (own: string, peer: string) => string;
  readonly addresses?: string;
  readonly more?: (priority: number) => string;
}

export const VARIANTS: readonly Variant[] = [
  { name: 'version 2 with a password', options: () => 'authentication {\n auth_type PASS\n auth_pass 1234\n }\n' },
  {
    name: 'a virtual MAC, addresses outside the adverts',
    options: () => 'use_vmac\n virtual_ipaddress_excluded {\n 10.98.2.101/24\n }\n',
  },
  { name: 'unicast peers', options: (own, peer) => `version 3\n unicast_src_ip ${own}\n unicast_peer {\n ${peer}\n }\n` },
  {
    name: 'IPv6 beside it in a sync group',
    options: () => 'version 3\n',
    more: (priority) =>
      `vrrp_sync_group both {\n group {\n VI_1\n VI_6\n }\n}\nvrrp_instance VI_6 {\n interface v0\n version 3\n virtual_router_id 61\n priority ${priority}\n virtual_ipaddress {\n fe80::100\n fd00:98::100/64\n }\n}\n`,
  },
];

export class Pair {
  readonly bed = new Bed();
  readonly folder = mkdtempSync(join(tmpdir(), 'weir-doctor-'));
  readonly #variant: Variant;

  constructor(variant: Variant) {
    this.#variant = variant;
    this.bed.atEnd(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  #configure(name: string, number: number, priority: number): string {
    const path = join(this.folder, `${name}.conf`);
    const { options, more } = this.#variant;
    const instance = `vrrp_instance VI_1 {\n interface v0\n virtual_router_id 51\n priority ${priority}\n ${options(`10.98.2.${number}`, `10.98.2.${3 - number}`)} virtual_ipaddress {\n ${VIP}/24\n }\n}\n`;
    writeFileSync(path, `global_defs {\n vrrp_garp_master_delay 0\n}\n${more?.(priority) ?? ''}${instance}`);
    return path;
  }

  start(host: Host, file: string): RunningDaemon {
    const paths = ['-p', '-r', '-c', '-b'].flatMap((option) => [option, join(this.folder, `${host.name}${option}`)]);
    const words = [process.execPath, ENTRY, 'keepalived', '-n', '-l', '-D', '-f', file, ...paths];
    const daemon = new RunningDaemon(['ip', 'netns', 'exec', host.namespace, ...words]);
    this.bed.atEnd(() => void daemon.stop());
    return daemon;
  }

  async build(): Promise<{ readonly master: Node; readonly standby: Node }> {
    const lan = this.bed.lan('lan');
    const server = this.bed.host('server');
    this.bed.cable(server, 'v0', lan, '10.98.2.51/24');
    server.weir(`realserver start --vip ${VIP}`);
    await server.listen(this.bed, '0.0.0.0', PORT);
    const nodes: Node[] = [];
    for (const [name, number, priority] of [
      ['first', 1, 150],
      ['second', 2, 100],
    ] as const) {
      const host = this.bed.host(name);
      this.bed.cable(host, 'v0', lan, `10.98.2.${number}/24`);
      for (const address of [`fe80::${number}/64`, `fd00:98::${number}/64`]) host.ip(`addr add ${address} dev v0 nodad`);
      for (const line of [`-A -t ${VIP}:${PORT}`, `-a -t ${VIP}:${PORT} -r 10.98.2.51 -g`]) assert.equal(host.ipvsadm(line).stderr, '');
      const daemon = this.start(host, this.#configure(name, number, priority));
      await daemon.logged(name === 'first' ? /\(VI_1\) Entering MASTER STATE/ : /\(VI_1\) Entering BACKUP STATE/);
      nodes.push({ host, daemon });
    }
    const [master, standby] = nodes;
    if (master === undefined || standby === undefined) throw new Error('no pair');
    this.bed.atEnd(() => nodes.map(({ host }) => host.weir('unload')));
    return { master, standby };
  }
}

/** Neither node has anything wrong, nor takes the VIP by hand. */
export function testHealthyPair(variant: Variant): void {
  test(`a healthy pair: ${variant.name}`, on, () => examineHealthy(variant));
}

async function examineHealthy(variant: Variant): Promise<void> {
  const pair = new Pair(variant);
  try {
    const { master, standby } = await pair.build();
    for (const { host } of [master, standby]) {
      host.weir('load'); // Attaches to virtual MACs' interfaces, which came after the table.
      const { findings, status } = await examineMeanwhile(host);
      assert.deepEqual([status, findings.filter(({ severity }) => severity !== 'info')], [0, []], host.name);
    }
    for (const { host } of [master, standby]) {
      const was = host.ip('-o addr show');
      for (const force of ['', ' --force']) {
        const { status, stderr } = host.weir(`vip add ${VIP} --dev v0${force}`);
        assert.match(stderr, /^weir vip: VI_1 of \S+ manages 10\.98\.2\.100: only the master may have it — fix: weir doctor /);
        assert.equal(status, 1);
      }
      assert.equal(host.ip('-o addr show'), was);
    }
  } finally {
    pair.bed.close();
  }
}
