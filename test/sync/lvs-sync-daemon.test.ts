// lvs_sync_daemon: the daemons of two hosts have the roles of their instances, or both.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { ok, until } from '../datapath/cluster.js';
import { Bed, ENTRY, type Host, noNamespaces } from '../support/netns-bed.js';
import { RunningDaemon } from '../support/running-daemon.js';
import { daemonProcesses, endDaemons } from './pair.js';

const skip = noNamespaces();
const bed = new Bed();
after(() => bed.close());

/** `master 51`, as --daemon lists them. */
const daemons = (host: Host): string =>
  [...ok(host.ipvsadm('-L --daemon')).matchAll(/^(\w+) sync daemon \(mcast=eth0, syncid=(\d+),/gm)]
    .map(([, ...words]) => words.join(' '))
    .join(', ');

const instance = (priority: number): string =>
  `vrrp_instance VI_1 { interface eth0
virtual_router_id 51
priority ${priority}
version 3
advert_int 0.2
virtual_ipaddress { 10.9.0.100/24 dev lo }
}`;
const settings = (line: string, ...more: readonly string[]): string => `global_defs {\n${line}\n}\n${more.join('\n')}\n`;

/** A host whose daemon has a configuration. */
class Node {
  readonly #folder = bed.folder('weir-sync-');
  #daemon: RunningDaemon | undefined;

  constructor(
    readonly host: Host,
    configuration: string,
  ) {
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
    bed.atEnd(() => daemon.signal('SIGTERM'));
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

test('with an instance: the roles follow its state, a reload changes the id, and the end stops the daemon', { skip }, async () => {
  const lan = bed.lan('lan');
  const [first, second] = ([200, 100] as const).map((priority, k) => {
    const host = bed.host(`node${k + 1}`);
    bed.cable(host, 'eth0', lan, `10.9.0.${k + 1}/24`);
    return new Node(host, settings('lvs_sync_daemon eth0 VI_1', instance(priority)));
  }) as [Node, Node];
  for (const node of [first, second]) node.start();
  await first.run('master 51');
  await second.run('backup 51');
  await first.daemon.stop();
  assert.deepEqual(daemonProcesses(first.host), []);
  await second.run('master 51');
  first.start();
  await first.run('master 51');
  await second.run('backup 51');
  second.configure(settings('lvs_sync_daemon eth0 VI_1 id 9', instance(100)));
  second.daemon.signal('SIGHUP');
  await second.run('backup 9');
  second.configure(settings('', instance(100)));
  second.daemon.signal('SIGHUP');
  await second.run('');
  for (const node of [first, second]) {
    await node.daemon.stop();
    assert.deepEqual(daemonProcesses(node.host), []);
  }
});

test('without an instance both run as long as the checker does', { skip }, async () => {
  const lan = bed.lan('lan2');
  const host = bed.host('both');
  bed.cable(host, 'eth0', lan, '10.9.0.1/24');
  const service = 'virtual_server 10.9.0.100 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\nreal_server 10.9.0.7 80 {\n}\n}';
  const node = new Node(host, settings('lvs_sync_daemon eth0 id 3', service));
  node.start();
  await node.run('master 3, backup 3');
  node.configure(settings('lvs_sync_daemon eth0 id 4', service));
  node.daemon.signal('SIGHUP');
  await node.run('master 4, backup 4');
  await node.daemon.stop();
  assert.deepEqual(daemonProcesses(host), []);
});

test('an interface that comes later: the failure is logged, and the daemon starts then', { skip }, async () => {
  const lan = bed.lan('lan3');
  const host = bed.host('late');
  bed.cable(host, 'eth1', lan, '10.9.0.1/24');
  const node = new Node(host, settings('lvs_sync_daemon eth0 VI_1', instance(100).replace('eth0', 'eth1')));
  node.start();
  await node.daemon.until('the failure', () => node.daemon.lines.some((line) => /synchronisation: \w+ not started: /.test(line)));
  bed.cable(host, 'eth0', lan, '10.9.1.1/24');
  await node.run('master 51');
  await node.daemon.stop();
});
