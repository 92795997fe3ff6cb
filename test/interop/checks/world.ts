// One daemon's surroundings: a namespace with the addresses of all servers on its loopback. One after the other several cases use it.

import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { promisify } from 'node:util';
import { Netns } from '../../../src/sys/namespaces/netns.js';
import { Bed, type Host } from '../../support/netns-bed.js';
import type { Maker } from '../harness.js';
import { SERVERS } from './servers.js';

const execute = promisify(execFile);

export const RELAY = '10.1.0.25';

export class World {
  readonly host: Host;
  readonly netns: Netns;

  constructor(
    readonly maker: Maker,
    bed: Bed,
    name: string,
  ) {
    this.host = bed.host(name);
    for (const address of [...Object.values(SERVERS), RELAY]) this.host.ip(`addr add ${address}/32 dev lo`);
    this.netns = Netns.byName(this.host.namespace);
    // Now rather than in the first case: it takes the processor for a second.
    if (maker === 'weir') this.host.weir('load');
  }

  /** A command in this namespace; this process goes on meanwhile. */
  async run(...argv: readonly string[]): Promise<void> {
    await execute('ip', ['netns', 'exec', this.host.namespace, ...argv]);
  }

  /** What a daemon leaves for the next one: another case must not begin with it. */
  forget(): void {
    rmSync(`/run/weir/health/${this.netns.cookie}.json`, { force: true });
  }

  close(): void {
    this.netns.close();
    if (this.maker === 'weir') this.host.weir('unload');
  }
}

/** Two worlds that are alike but for the daemon. */
export class Worlds {
  readonly #bed = new Bed();
  readonly weir: World;
  readonly debian: World;

  constructor(name: string) {
    this.weir = new World('weir', this.#bed, `${name}w`);
    this.debian = new World('debian', this.#bed, `${name}d`);
  }

  close(): void {
    this.weir.close();
    this.debian.close();
    this.#bed.close();
  }
}
