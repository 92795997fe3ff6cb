// weir doctor beside running daemons: a virtual MAC with changed settings, a service on a VIP, two daemons on one host.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { configuration, inBed, quick } from '../daemon/vrrp-bed.js';
import { Bed, ENTRY, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { RunningDaemon } from '../support/running-daemon.js';
import { codes, examine } from './verdict.js';

const on = { skip: noNamespaces() };
const noKeepalived = noTools('keepalived');

test('settings around a virtual MAC, and a service that listens on a VIP alone; each fix works', on, () =>
  inBed(async (bed) => {
    const { here, there } = bed;
    const file = join(bed.folder, 'keepalived.conf');
    writeFileSync(
      file,
      'vrrp_instance VI_1 {\n interface v0\n use_vmac\n version 3\n virtual_router_id 51\n priority 100\n advert_int 0.03\n virtual_ipaddress {\n  10.99.0.100/24\n }\n}\n',
    );
    here.sysctl('net.ipv4.conf.all.rp_filter', '1');
    const daemon = bed.start(configuration([{ ...quick, virtualInterface: { kind: 'vmac' } }]));
    await daemon.logged(/\(VI_1\) Entering MASTER STATE/);
    await daemon.logged(/Sending gratuitous ARP/);
    const look = () => examine(here, `--keepalived ${file} --wait 0.2`);
    /** To the virtual MAC: the kernel below it names its own when it asks for a client's. */
    const answers = (seconds = 20): boolean => {
      there.ip('neigh replace 10.99.0.100 lladdr 00:00:5e:00:01:33 dev v0');
      return there.run(['ping', '-c', '1', '-W', String(seconds), '10.99.0.100']).status === 0;
    };
    assert.deepEqual(codes(look()), []);
    assert.ok(answers());

    here.sysctl('net.ipv4.conf.all.rp_filter', '1');
    assert.ok(!answers(3), 'no client gets in');
    here.sysctl('net.ipv4.conf.v0.arp_ignore', '0');
    here.sysctl('net.ipv4.ip_nonlocal_bind', '0');
    await here.listen(bed.bed, '10.99.0.100', 8100);
    const verdict = look();
    assert.deepEqual(codes(verdict), ['vrrp-vmac-reverse-path', 'vrrp-vmac-arp', 'vrrp-nonlocal-bind']);
    for (const { fix = '' } of verdict.findings) assert.equal(here.run(['sh', '-c', fix]).status, 0, fix);
    assert.ok(answers());
    assert.deepEqual(codes(look()), []);
  }),
);

test('two daemons on one host that serve one instance, weir’s and another', { skip: on.skip || noKeepalived }, async () => {
  const bed = new Bed();
  const folder = mkdtempSync(join(tmpdir(), 'weir-doctor-'));
  bed.atEnd(() => rmSync(folder, { recursive: true, force: true }));
  try {
    const here = bed.host('here');
    here.ip('link add v0 type bridge');
    here.ip('link set v0 up');
    here.ip('addr add 10.98.1.1/24 dev v0');
    const daemons = [['keepalived'], [process.execPath, ENTRY, 'keepalived']].map((command, index) => {
      const path = (name: string): string => join(folder, `${index}.${name}`);
      writeFileSync(
        path('conf'),
        `vrrp_instance VI_${index} {\n interface v0\n virtual_router_id 51\n priority 100\n virtual_ipaddress {\n  10.98.1.10${index}/24\n }\n}\n`,
      );
      const options = [
        '-n',
        '-l',
        '-D',
        '-f',
        path('conf'),
        '-p',
        path('pid'),
        '-r',
        path('vrrp'),
        '-c',
        path('checkers'),
        '-b',
        path('bfd'),
      ];
      const daemon = new RunningDaemon(['ip', 'netns', 'exec', here.namespace, ...command, ...options]);
      bed.atEnd(() => void daemon.stop());
      return daemon;
    });
    for (const daemon of daemons) await daemon.logged(/Entering BACKUP STATE/);
    const verdict = examine(here, '--wait 0.2');
    const [both] = verdict.findings.filter(({ code }) => code === 'vrrp-two-daemons');
    const pids = daemons.map(({ pid }) => pid);
    const named = [...(both?.what ?? '').matchAll(/pid (\d+) \(([^)]+)\)/g)].map(([, pid, path]) => [Number(pid), path]);
    assert.deepEqual(new Map(named as [number, string][]), new Map(pids.map((pid, index) => [pid, join(folder, `${index}.conf`)])));
    assert.match(both?.cause ?? '', /^both serve VRID 51 on v0: /);
    const doomed = Number(/kill (\d+)/.exec(both?.fix ?? '')?.[1]);
    assert.ok(pids.includes(doomed), both?.fix);
    process.kill(doomed, 'SIGTERM');
    await daemons.find(({ pid }) => pid === doomed)?.ended();
    assert.deepEqual(
      codes(examine(here, '--wait 0.2')).filter((code) => code === 'vrrp-two-daemons'),
      [],
    );
    for (const daemon of daemons) await daemon.stop();
  } finally {
    bed.close();
  }
});
