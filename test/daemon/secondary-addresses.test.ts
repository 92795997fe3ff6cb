// The first address of a network goes, by a reload or with its instance: the others of that network stay on the interface.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { noNamespaces } from '../support/netns-bed.js';
import { configuration, host, inBed, quick, type VrrpBed } from './vrrp-bed.js';

const options = { skip: noNamespaces() };
const vip = (number: number) => host(`10.98.0.${number}/24`);
const two = { ...quick, name: 'VI_2', vrid: 52 };

/** What the kernel reports of addresses from now on. */
async function monitor(bed: VrrpBed): Promise<() => string> {
  const child = spawn('ip', ['-n', bed.here.namespace, '-o', 'monitor', 'address'], { stdio: ['ignore', 'pipe', 'inherit'] });
  bed.bed.atEnd(() => child.kill('SIGKILL'));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await once(child, 'spawn');
  // It listens when it reports what is done now.
  for (let count = 1; !text.includes('10.97.0.'); count += 1) {
    bed.here.ip(`addr add 10.97.0.${count % 250}/32 dev v0`);
    await new Promise((done) => setTimeout(done, 20));
  }
  return () => text;
}

const shown = (bed: VrrpBed): readonly string[] =>
  [...bed.here.ip('-4 -o addr show dev v0').matchAll(/inet (10\.98\.0\.\d+)/g)].map(([, address = '']) => address).sort();

for (const [name, readOnly] of [
  ['a reload', false],
  ['a reload where /proc/sys is read-only', true],
] as const)
  test(`${name} removes the first address of a network: the others stay`, options, () =>
    inBed(async (bed) => {
      bed.here.sysctl('net.ipv4.conf.all.promote_secondaries', '0');
      bed.here.sysctl('net.ipv4.conf.v0.promote_secondaries', '0');
      const protect = 'mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys && exec "$@"';
      const through = readOnly ? ['sh', '-c', protect, 'sh'] : [];
      const daemon = bed.start(configuration([{ ...quick, addresses: [100, 101, 102].map(vip) }]), bed.here, through);
      await daemon.until('all of them', () => shown(bed).length === 3);
      const reported = await monitor(bed);
      const before = daemon.lines.length;
      bed.write(configuration([{ ...quick, addresses: [101, 102].map(vip) }]));
      daemon.signal('SIGHUP');
      await daemon.logged(/^reloaded/, before);
      await daemon.until('the first to go', () => /Deleted .*10\.98\.0\.100\//.test(reported()));
      assert.deepEqual(shown(bed), ['10.98.0.101', '10.98.0.102']);
      assert.ok(!daemon.lines.slice(before).some((line) => /removed from|Entering/.test(line)), daemon.lines.slice(before).join('\n'));
      if (readOnly) return;
      assert.doesNotMatch(reported(), /Deleted .*10\.98\.0\.10[12]\//, 'they never went');
      assert.equal(bed.here.sysctl('net.ipv4.conf.v0.promote_secondaries'), '0');
    }),
  );

test('an instance that gives its addresses up leaves those of another one', options, () =>
  inBed(async (bed) => {
    bed.here.sysctl('net.ipv4.conf.all.promote_secondaries', '0');
    bed.here.sysctl('net.ipv4.conf.v0.promote_secondaries', '0');
    const first = { ...quick, addresses: [vip(100)] };
    const second = { ...two, addresses: [vip(101)] };
    const daemon = bed.start(configuration([first, second]));
    await daemon.until('both', () => shown(bed).length === 2);
    // What they log of their start may be read later than their addresses are seen.
    for (const { name } of [first, second]) await daemon.logged(new RegExp(`\\(${name}\\) Entering MASTER`));
    const [gone = ''] = [...bed.here.ip('-4 -o addr show dev v0 primary').matchAll(/10\.98\.0\.\d+/g)].map(String);
    const before = daemon.lines.length;
    bed.write(configuration([gone.endsWith('100') ? second : first]));
    daemon.signal('SIGHUP');
    await daemon.logged(/^reloaded/, before);
    await daemon.until('one to go', () => shown(bed).length === 1);
    assert.deepEqual(shown(bed), [gone.endsWith('100') ? '10.98.0.101' : '10.98.0.100']);
    const since = daemon.lines.slice(before);
    assert.ok(!since.some((line) => /removed from|Entering (?:BACKUP|FAULT)/.test(line)), since.join('\n'));
  }),
);
