// Where a VRRP process is tried: a host of its own with one cable to a peer, instances that are quick to become master.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { KeepalivedConfiguration } from '../../src/model/keepalived/configuration.js';
import type { GlobalSettings } from '../../src/model/keepalived/global.js';
import type { VrrpInstance } from '../../src/model/keepalived/instance.js';
import type { HostAddress, Prefix } from '../../src/model/keepalived/network.js';
import type { Script } from '../../src/model/keepalived/script.js';
import { Netns } from '../../src/sys/namespaces/netns.js';
import { ip } from '../support/ip.js';
import { emptyConfiguration, emptyGlobal, oneInstance } from '../support/keepalived-configuration.js';
import { Bed, type Host } from '../support/netns-bed.js';
import { RunningDaemon } from '../support/running-daemon.js';

const CHILD = fileURLToPath(new URL('./vrrp-child.js', import.meta.url));

export function prefix(text: string): Prefix {
  const [where = '', length] = text.split('/');
  const found = ip(where);
  return { address: found, length: length === undefined ? (found.family === 'inet' ? 32 : 128) : Number(length) };
}

export function host(text: string, more: Partial<HostAddress> = {}): HostAddress {
  const { address: where, length } = prefix(text);
  return { address: where, prefixLength: length, flags: [], noTrack: false, ...more };
}

export const script = (...argv: readonly string[]): Script => ({ argv, text: argv.join(' ') });

/** Version 3, an advert each 30 ms: master 108 ms after its start. */
export const quick: VrrpInstance = { ...oneInstance, version: 3, advertUs: 30_000, interface: 'v0', addresses: [host('10.99.0.100/24')] };

/** Of the lowest real-time class, so that a busy machine does not make every timer late, after which VRRP rightly waits once more. */
export const testGlobal: GlobalSettings = {
  ...emptyGlobal,
  scriptUser: { user: 'root' },
  processes: { ...emptyGlobal.processes, vrrp: { rtPriority: 1, noSwap: false, cpus: [] } },
};

export function configuration(instances: readonly VrrpInstance[], more: Partial<KeepalivedConfiguration> = {}): KeepalivedConfiguration {
  return { ...emptyConfiguration, global: testGlobal, instances, ...more };
}

/** A host `here` with v0 (10.99.0.1, fe80::1) and a host `there` at the other end (10.99.0.2, fe80::2). */
export class VrrpBed {
  readonly bed = new Bed();
  readonly here: Host;
  readonly there: Host;
  readonly folder = mkdtempSync(join(tmpdir(), 'weir-vrrp-'));
  readonly #file = join(this.folder, 'configuration.json');
  readonly #daemons: RunningDaemon[] = [];

  constructor() {
    this.here = this.bed.host('here');
    this.there = this.bed.host('there');
    this.bed.atEnd(() => rmSync(this.folder, { recursive: true, force: true }));
    this.here.ip(`link add v0 type veth peer name v0 netns ${this.there.namespace}`);
    for (const [one, number] of [
      [this.here, 1],
      [this.there, 2],
    ] as const) {
      one.ip('link set v0 up');
      one.ip(`addr add 10.99.0.${number}/24 dev v0`);
      one.ip(`addr add fe80::${number}/64 dev v0 nodad`);
    }
  }

  write(wanted: KeepalivedConfiguration): void {
    writeFileSync(this.#file, JSON.stringify(wanted));
  }

  /** `through`: a command that starts the one behind it. */
  start(wanted: KeepalivedConfiguration, on: Host = this.here, through: readonly string[] = []): RunningDaemon {
    this.write(wanted);
    const daemon = new RunningDaemon(['ip', 'netns', 'exec', on.namespace, ...through, process.execPath, CHILD, this.#file]);
    this.#daemons.push(daemon);
    return daemon;
  }

  /** A namespace's descriptor, for sockets of the test's own in it. */
  namespace(of: Host): Netns {
    const found = Netns.byName(of.namespace);
    this.bed.atEnd(() => found.close());
    return found;
  }

  async close(): Promise<void> {
    for (const daemon of this.#daemons) await daemon.stop();
    this.bed.close();
  }
}

/** Runs `work` in a bed that is gone afterwards, whatever happens. */
export async function inBed(work: (bed: VrrpBed) => Promise<void>): Promise<void> {
  const bed = new VrrpBed();
  try {
    await work(bed);
  } finally {
    await bed.close();
  }
}
