// Adverts that cannot be right, in floods: dropped and counted in the kernel; the machine hears one a second of each kind and stays master.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { noNamespaces } from '../support/netns-bed.js';
import { configuration, inBed, quick } from './vrrp-bed.js';

const FLOODER = fileURLToPath(new URL('./flooder.js', import.meta.url));
const COUNT = 20_000;
/** Let through as samples, or caught by the queue of the cable. */
const SAMPLES = 50;

test('a flood of wrong adverts changes nothing', { skip: noNamespaces() }, () =>
  inBed(async (bed) => {
    const daemon = bed.start(configuration([{ ...quick, priority: 100 }]));
    await daemon.said(/Entering MASTER STATE/);
    const lines = daemon.lines.length;
    const ifindex = /^(\d+): v0/m.exec(bed.there.ip('link show v0'))?.[1] ?? '';
    const { stdout, stderr } = bed.there.run([process.execPath, FLOODER, String(COUNT), ifindex]);
    const sent = Number(stdout);
    assert.equal(sent, 5 * COUNT, stderr);
    const filtered = await daemon.until('the counts', () => {
      daemon.signal('SIGUSR1');
      const last = daemon.lines.findLast((line) => line.startsWith('counters: ')) ?? 'counters: [{}]';
      const [counters = {}] = JSON.parse(last.slice('counters: '.length)) as Record<string, number>[];
      return (counters['filtered'] ?? 0) >= sent - SAMPLES && counters['filtered'];
    });
    assert.ok(filtered <= sent);
    const said = daemon.lines.slice(lines).filter((line) => !/^counters|ratuitous/.test(line));
    assert.ok(!said.some((line) => /Entering/.test(line)), said.join('\n'));
    assert.ok(said.length < SAMPLES, said.join('\n'));
    assert.match(bed.here.ip('-4 addr show v0'), /10\.99\.0\.100/);
  }),
);
