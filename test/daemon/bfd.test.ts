// Our BFD process between two of our daemons: what it writes down, what a reload, a kill and a flood leave alone.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type BfdBed, block, type Node, session, withBed } from '../interop/bfd-bed.js';
import { breadth, test } from '../support/breadth.js';
import { noNamespaces } from '../support/netns-bed.js';

const FLOODER = fileURLToPath(new URL('./bfd-flooder.js', import.meta.url));
const UP = /Entering Up state/;
/** Of each of the thirteen kinds. */
const FLOOD = 5000;
/** Let through as samples: one a second of each kind, on a busy machine for a minute; and what the flooder’s own queue dropped. */
const SAMPLES = 1000;
/** Within this time a new BFD process certainly keeps its sessions. */
const RESTART_MS = 2500;
/** What a busy machine holds up is not yet missed. */
const PATIENT = ['min_rx 100', 'min_tx 100', 'multiplier 20'];

const ends = { a: '10.99.0.1', b: '10.99.0.2' } as const;
const ofA = (...lines: readonly string[]): string => session('b', ends.b, ends.a, ...PATIENT, ...lines);
const ofB = (...lines: readonly string[]): string => session('a', ends.a, ends.b, ...PATIENT, ...lines);

async function pair(bed: BfdBed, a: string, b: string): Promise<readonly [Node, Node]> {
  const nodes = [bed.node('a', 'weir', `${ends.a}/24`), bed.node('b', 'weir', `${ends.b}/24`)] as const;
  const daemons = [nodes[0].start(a), nodes[1].start(b)];
  await Promise.all(daemons.map((daemon) => daemon.logged(UP)));
  // From the first packet on that the other sent when it was up.
  await Promise.all(daemons.map((daemon) => daemon.logged(/Detection time is 2000000 us/)));
  return nodes;
}

/** keepalived_bfd.data as USR1 makes it; both nodes write the same file, so one at a time. */
async function dump(bed: BfdBed, { daemon }: Node): Promise<string> {
  const path = join(bed.folder, 'keepalived_bfd.data');
  // The next one may have the same text.
  rmSync(path, { force: true });
  daemon?.signal('SIGUSR1');
  await daemon?.until('another dump', () => existsSync(path) && readFileSync(path, 'utf8') !== '');
  return readFileSync(path, 'utf8');
}

const field = (text: string, name: string): string => new RegExp(`^ +${name} = (.*)$`, 'm').exec(text)?.[1] ?? '';

const processTests = (): void => {
  test('its names, its pid file, its dump, its end', () =>
    withBed('bfddump', async (bed) => {
      const globals = block('global_defs', ['bfd_process_name bfd_of_a', 'bfd_rt_priority 12']);
      const [a] = await pair(bed, globals + ofA('max_hops 3'), ofB());
      const { daemon } = a;
      await daemon?.logged(new RegExp(`^Starting BFD child process, pid=${a.pidOf('b')}$`));
      assert.equal(readFileSync(`/proc/${a.pidOf('b')}/comm`, 'utf8'), 'bfd_of_a\n');
      // Fields 40 and 41 of proc(5)'s stat, counted behind the name: real-time priority, and policy (FIFO).
      const stat =
        readFileSync(`/proc/${a.pidOf('b')}/stat`, 'utf8')
          .split(') ')[1]
          ?.split(' ') ?? [];
      const refused = daemon?.lines.some((line) => /bfd_rt_priority 12 was refused/.test(line));
      assert.deepEqual([stat[37], stat[38]], refused ? ['0', '0'] : ['12', '1']);
      const text = await dump(bed, a);
      await daemon?.logged(new RegExp(`^Printing BFD data for process\\(${a.pidOf('b')}\\) on signal$`));
      const fields = {
        'Neighbor IP': ends.b,
        'Source IP': ends.a,
        max_hops: '3',
        'local state': 'Up',
        'remote state': 'Up',
        passive: 'false',
      };
      for (const [name, value] of Object.entries(fields)) assert.equal(field(text, name), value, name);
      assert.equal(field(text, 'local detection time'), '2000000 us');
      assert.equal(field(text, 'Detection multiplier'), '20');
      assert.equal(await daemon?.stop(), 0);
      assert.equal(a.pidOf('b'), 0, 'the pid file is gone');
    }));
};

const reloadTests = (): void => {
  test('a reload: sessions that stay are not dropped, their intervals are polled for', () =>
    withBed('bfdload', async (bed) => {
      const [a, b] = await pair(bed, ofA(), ofB());
      const discriminator = field(await dump(bed, a), 'local discriminator');
      a.write(ofA('min_tx 150', 'min_rx 50') + session('c', '10.99.0.9', ends.a));
      a.daemon?.signal('SIGHUP');
      await a.daemon?.logged(/Reload complete/);
      await a.daemon?.logged(/\(b\) Starting poll sequence/);
      await b.daemon?.logged(/Detection time is 3000000 us \(was 2000000 us\)/);
      const text = await dump(bed, a);
      assert.deepEqual([field(text, 'local discriminator'), field(text, 'local state')], [discriminator, 'Up']);
      assert.match(text, /BFD Instance = c\n/);
      for (const { daemon } of [a, b]) assert.ok(!daemon?.lines.some((line) => /Entering Down state/.test(line)));
    }));

  breadth('a reload: a process that subscribes to a session now is notified that it is up', () =>
    withBed('bfdhear', async (bed) => {
      const tracking = block('vrrp_instance V', [
        'interface eth0',
        'virtual_router_id 1',
        'priority 100',
        'track_bfd {\n    b weight 20\n  }',
        'virtual_ipaddress {\n    10.99.0.100\n  }',
      ]);
      const [a] = await pair(bed, ofA('checker') + tracking, ofB());
      const seen = a.daemon?.lines.length ?? 0;
      a.write(ofA() + tracking);
      a.daemon?.signal('SIGHUP');
      await a.daemon?.logged(/\(V\) Changing effective priority from 100 to 120/, seen);
    }),
  );

  breadth('several routers on the way, and the port that is for them', () =>
    withBed('bfdhops', async (bed) => {
      await pair(bed, ofA('multihop', 'max_hops 2'), ofB('multihop', 'ttl 253', 'max_hops -1'));
    }),
  );

  breadth('-B: no sessions, and who tracks one is not fit', () =>
    withBed('bfdnone', async (bed) => {
      const a = bed.node('a', 'weir', `${ends.a}/24`);
      const instance = block('vrrp_instance V', [
        'interface eth0',
        'virtual_router_id 1',
        'track_bfd {\n    b\n  }',
        'virtual_ipaddress {\n    10.99.0.100\n  }',
      ]);
      const daemon = a.start(ofA() + instance, '-B');
      await daemon.logged(/entering FAULT state/);
      assert.equal(a.pidOf('b'), 0);
    }),
  );
};

const troubleTests = (): void => {
  breadth('without its BFD process VRRP goes on, and is notified by it again', () =>
    withBed('bfdkill', async (bed) => {
      const vip = '10.99.0.100';
      const instance = block('vrrp_instance V', [
        'interface eth0',
        'virtual_router_id 1',
        'priority 100',
        'advert_int 1',
        'track_bfd {\n    b\n  }',
        `virtual_ipaddress {\n    ${vip}/24\n  }`,
      ]);
      const [a, b] = await pair(bed, ofA() + instance, ofB());
      await a.daemon?.until('it is master', () => a.holds(vip));
      const killed = a.pidOf('b');
      const begun = performance.now();
      a.signal('b', 'SIGKILL');
      await a.daemon?.logged(/BFD child process\(\d+\) died: Respawning/);
      await a.daemon?.until('the session is up again', () => (a.daemon?.lines.filter((line) => UP.test(line)).length ?? 0) > 1);
      // A new process has three seconds for its sessions, which a busy machine may not meet.
      const wasLate = performance.now() - begun > RESTART_MS;
      assert.ok(a.holds(vip) || wasLate);
      assert.notEqual(a.pidOf('b'), killed);
      a.signal('r', 'SIGKILL');
      await a.daemon?.logged(/VRRP child process\(\d+\) died: Respawning/);
      await a.daemon?.until('the new VRRP process was told', () => a.holds(vip) && a.pidOf('r') > 0);
      await b.crash();
      await a.daemon?.logged(/Tracked BFD instance b is DOWN/);
      await a.daemon?.until('the path is lost', () => !a.holds(vip));
    }),
  );

  breadth('a flood of wrong packets is counted and changes nothing', () =>
    withBed('bfdflood', async (bed) => {
      const [a, b] = await pair(bed, ofA(), ofB());
      const flooder = bed.node('f', 'weir', '10.99.0.66/24');
      const ifindex = /^(\d+): eth0/m.exec(flooder.host.ip('link show eth0'))?.[1] ?? '';
      const { stdout, stderr } = flooder.host.run([process.execPath, FLOODER, String(FLOOD), ifindex, ends.a, ends.b]);
      const sent = Number(stdout);
      assert.equal(sent, 13 * FLOOD, stderr);
      let text = '';
      let refused = 0;
      for (const end = Date.now() + 120_000; refused < sent - SAMPLES && Date.now() < end; ) {
        text = await dump(bed, a);
        refused = [...text.matchAll(/^ {3}\w+ = (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
      }
      assert.ok(refused >= sent - SAMPLES, `${refused} of ${sent}\n${text}`);
      for (const reason of ['ttl', 'session', 'length', 'version', 'multipoint', 'authentication']) {
        assert.ok(Number(field(text, reason)) > FLOOD / 2, `${reason}\n${text}`);
      }
      assert.equal(field(text, 'local state'), 'Up');
      for (const { daemon } of [a, b]) {
        assert.ok(!daemon?.lines.some((line) => /Entering Down state/.test(line)));
        assert.ok((daemon?.lines.filter((line) => /iscarding/.test(line)).length ?? 0) < SAMPLES);
      }
    }),
  );
};

describe('the BFD process', { concurrency: 2, skip: noNamespaces() }, () => {
  describe('between two of ours', { concurrency: 3 }, processTests);
  describe('reloads and other ways', { concurrency: 3 }, reloadTests);
  describe('in trouble', { concurrency: 2 }, troubleTests);
});
