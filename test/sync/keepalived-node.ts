// A host with a daemon whose configuration has lvs_sync_daemon.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { ok, until } from '../datapath/cluster.js';
import { type Bed, ENTRY, type Host } from '../support/netns-bed.js';
import { RunningDaemon } from '../support/running-daemon.js';
import { endDaemons } from './pair.js';

/** `master 51`, as --daemon lists them. */
export const daemons = (host: Host): string =>
  [...ok(host.ipvsadm('-L --daemon')).matchAll(/^(\w+) sync daemon \(mcast=eth0, syncid=(\d+),/gm)]
    .map(([, ...words]) => words.join(' '))
    .join(', ');

/** In seconds; 0: no grace period runs. */
export const graceLeft = (host: Host): number =>
  (JSON.parse(ok(host.weir('sync grace --json'))) as { readonly left: number } | null)?.left ?? 0;

/** With /24 all of the network would be local on a master, and no session would come about. */
export const instance = (priority: number): string =>
  `vrrp_instance VI_1 { interface eth0
virtual_router_id 51
priority ${priority}
version 3
advert_int 0.2
virtual_ipaddress { 10.9.0.100/32 dev lo }
}`;
export const settings = (line: string, ...more: readonly string[]): string => `global_defs {\n${line}\n}\n${more.join('\n')}\n`;

/** A host whose daemon has a configuration. */
export class Node {
  readonly #folder: string;
  #daemon: RunningDaemon | undefined;

  constructor(
    readonly bed: Bed,
    readonly host: Host,
    configuration: string,
  ) {
    this.#folder = bed.folder('weir-sync-');
    this.configure(configuration);
    bed.atEnd(() => host.weir('unload'));
    bed.atEnd(() => endDaemons(host));
  }

  get daemon(): RunningDaemon {
    return this.#daemon ?? assert.fail('it was not started');
  }

  configure(text: string): void {
    writeFileSync(`${this.#folder}/keepalived.conf`, text);
  }

  start(): void {
    const files = ['-f', 'keepalived.conf', '-p', 'daemon.pid', '-r', 'vrrp.pid', '-c', 'checker.pid'].map((word) =>
      word.startsWith('-') ? word : `${this.#folder}/${word}`,
    );
    const daemon = new RunningDaemon([
      'ip',
      'netns',
      'exec',
      this.host.namespace,
      process.execPath,
      ENTRY,
      'keepalived',
      '-n',
      '-l',
      ...files,
    ]);
    this.#daemon = daemon;
    this.bed.atEnd(() => daemon.signal('SIGTERM'));
  }

  /** Until these run, and no others. */
  run(expected: string): Promise<string> {
    return until(
      () => daemons(this.host),
      (seen) => seen === expected,
      60,
    );
  }
}

/** Two hosts, 10.9.0.1 and 10.9.0.2, with the same service and an instance of VRRP; the second one has the higher priority. */
export function pairOnLan(bed: Bed): readonly [low: Node, high: Node] {
  const lan = bed.lan('lan');
  const nodeOf = (number: 1 | 2): Node => {
    const host = bed.host(`node${number}`);
    bed.cable(host, 'eth0', lan, `10.9.0.${number}/24`);
    ok(host.ipvsadm('-A -t 10.9.0.100:80 -s rr'));
    return new Node(bed, host, settings('', instance(100 * number)));
  };
  return [nodeOf(1), nodeOf(2)];
}
