import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const MODULE = JSON.stringify(new URL('./cpu-scheduling.js', import.meta.url).href);
/** SCHED_FIFO, as field 41 of proc(5)'s stat has it. */
const probe = spawnSync('chrt', ['-f', '1', 'true']);

/** Runs `body` with `one`, a CpuScheduling of the BFD process, in a process of its own; its lines, and its policy, priority and nice value then. */
function play(body: string): { readonly lines: readonly string[]; readonly now: string } {
  const program = `
    const { CpuScheduling } = await import(${MODULE});
    const { readFileSync } = await import('node:fs');
    const lines = [];
    const one = new CpuScheduling('bfd', (level, text) => lines.push(level + ' ' + text));
    const none = { noSwap: false, cpus: [] };
    ${body}
    const stat = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
    process.stdout.write(JSON.stringify({ lines, now: [stat[38], stat[37], stat[16]].join(' ') }));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

const options = { skip: process.getuid?.() !== 0 || probe.status !== 0 };

test('what is configured counts before what the work needs', options, () => {
  assert.deepEqual(play('one.configure(none);'), { lines: [], now: '0 0 0' });
  assert.deepEqual(play('one.configure({ ...none, rtPriority: 3 }, { rtPriority: 9 });'), {
    lines: ['info bfd: bfd_rt_priority 3'],
    now: '1 3 0',
  });
  assert.deepEqual(play('one.configure(none, { rtPriority: 9 });'), { lines: ['info bfd: real-time priority 9'], now: '1 9 0' });
  assert.equal(play('one.configure({ ...none, priority: 7 });').now, '0 0 7');
});

test('a refusal is logged once, and a late timer raises the priority up to its bound', options, () => {
  const absent = '{ ...none, cpus: [1000] }';
  const { lines } = play(`one.configure(${absent}); one.configure(${absent});`);
  assert.match(lines.join('\n'), /^warning bfd: bfd_cpu_affinity 1000 was refused: EINVAL.*$/);
  const late = play(`
    const global = { maxAutoPriority: 2, minAutoPriorityDelayUs: 5000 };
    for (const us of [4000, 6000, 7000, 8000]) one.late(us, global);`);
  assert.deepEqual(late, {
    lines: ['info bfd: a timer was 6 ms late: real-time priority 1', 'info bfd: a timer was 7 ms late: real-time priority 2'],
    now: '1 2 0',
  });
});
