// How labs are built, run, counted and taken down, on a lab without a director.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import type { Step } from '../../src/lab/definition/lab.js';
import { runChildSync, startTime } from '../../src/sys/processes/child.js';
import { breadth, test } from '../support/breadth.js';
import { evidenceOf, leftOf, plainLab, runWeirLab, skipWithoutNetns, startLab, withLabFile } from './weir-lab.js';

const skip = skipWithoutNetns();
const name = plainLab([]).name;
const curl: Step = {
  kind: 'run',
  on: 'a',
  command: 'curl http://10.7.0.2',
  times: 2,
  expect: { answers: ['Welcome from b', 'Welcome from b'] },
};
/** Runs until it is interrupted; prints `standing` first. */
const endless: Step = { kind: 'run', say: 'standing', on: 'a', command: 'sleep 1000', seconds: 600 };

const counted: readonly Step[] = [
  { kind: 'run', on: 'a', command: 'curl http://10.7.0.2' },
  { kind: 'mark' },
  curl,
  { kind: 'served', expect: { b: 2, '*': 2 } },
  {
    kind: 'traffic',
    expect: [
      { at: 'a', direction: 'from', from: 'a', destination: '10.7.0.2', destinationPort: 80, flags: 'S', packets: 2 },
      { at: 'b', direction: 'to', from: 'a', flags: 'S', source: '10.7.0.1', packets: 4 },
      { at: 'b:eth0', direction: 'from', from: 'b', flags: 'SA', packets: 2 },
    ],
  },
];

for (const server of ['nginx', 'builtin'] as const) {
  (server === 'nginx' ? test : breadth)(`answers, logs and switch ports agree (${server})`, { skip }, async () => {
    // The second expected count is wrong on purpose: there are exactly 2 SYNs at b's port.
    const wrong = await withLabFile(plainLab(counted), (path) => evidenceOf(path, '--server', server));
    assert.equal(wrong.status, 1, wrong.stderr);
    assert.equal(wrong.evidence.ok, false);
    const failed = wrong.evidence.steps.flatMap(({ verdicts }) => verdicts.filter(({ ok }) => !ok));
    assert.deepEqual(failed, [
      { ok: false, what: "packets 10.7.0.1 > * [S] sent by a at b's port, to it", expected: '4 packets', got: '2' },
    ]);
    assert.deepEqual(wrong.evidence.served, { b: { requests: 3, clients: { '10.7.0.1': 3 } } });
    const syns = wrong.evidence.captures?.filter(({ flags, port }) => flags === 'S' && port === 'b:eth0');
    assert.deepEqual(
      syns?.map(({ direction, sender, source, destination, packets }) => [direction, sender, source, destination, packets]),
      [['to', 'a', '10.7.0.1', '10.7.0.2:80', 3]],
    );
    assert.match(wrong.stderr, /^a# curl http:\/\/10\.7\.0\.2 {6}\(2 times\)\nWelcome from b\nWelcome from b\n/m);
    assert.match(wrong.stderr, /FAILED .*expected 4 packets\n +got 2\n/);
    assert.deepEqual(leftOf(name), []);
  });
}

test('a lab whose expectations hold ends with 0', { skip }, async () => {
  const { status, stdout } = await withLabFile(plainLab([curl]), (path) => runWeirLab(path));
  assert.equal(status, 0, stdout);
  assert.match(stdout, /all 2 expectations hold\n$/);
  assert.deepEqual(leftOf(name), []);
});

breadth('commands run in their host: its name, its addresses, weir first in PATH, no proxy', { skip }, async () => {
  const steps: readonly Step[] = [
    { kind: 'run', on: 'a', command: 'hostname', expect: { answers: ['a'] } },
    { kind: 'run', on: 'b', command: 'ip -4 -o address show', expect: { contains: ['10.7.0.2/24'], lacks: ['10.7.0.1'] } },
    { kind: 'run', on: 'a', command: 'command -v ipvsadm', expect: { matches: ['/bin/ipvsadm$'] } },
    { kind: 'run', on: 'a', command: 'env', expect: { lacks: ['proxy='] } },
    { kind: 'run', on: 'a', command: 'cat /proc/sys/net/ipv4/conf/eth0/rp_filter', expect: { answers: ['0'] } },
    {
      kind: 'wait',
      on: 'a',
      command: 'cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6 2>/dev/null || echo 1',
      seconds: 60,
      expect: { answers: ['1'] },
    },
  ];
  const { status, stdout } = await withLabFile(plainLab(steps), (path) => runWeirLab(path));
  assert.equal(status, 0, stdout);
  assert.notEqual(readFileSync('/proc/sys/kernel/hostname', 'utf8').trim(), 'a');
});

breadth("a host's files are in a folder of its own, where its commands run", { skip }, async () => {
  const lab = plainLab([
    { kind: 'run', on: 'a', command: 'cat greeting; basename $PWD', expect: { answers: ['hello from a\na'] } },
    { kind: 'run', on: 'b', command: 'cat greeting', expect: { answers: ['hello from b'] } },
  ]);
  const file = (host: 'a' | 'b') => ({ ...lab.hosts[host], files: { greeting: `hello from ${host}\n` } });
  const { status, stdout } = await withLabFile({ ...lab, hosts: { a: file('a'), b: file('b') } }, (path) => runWeirLab(path));
  assert.equal(status, 0, stdout);
  assert.deepEqual(leftOf(name), []);
});

breadth('a step that reaches its timeout fails, and the next steps run', { skip }, async () => {
  const steps: readonly Step[] = [{ kind: 'run', on: 'a', command: 'sleep 1000', seconds: 1 }, curl];
  const { evidence, status } = await withLabFile(plainLab(steps), (path) => evidenceOf(path));
  assert.equal(status, 1);
  assert.deepEqual([evidence.steps[0]?.results?.[0]?.timedOut, evidence.held, evidence.failed], [true, 2, 1]);
});

for (const [signal, expected] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  (signal === 'SIGTERM' ? test : breadth)(`${signal} takes the lab down`, { skip }, async () => {
    await withLabFile(plainLab([endless]), async (path) => {
      const lab = startLab(path);
      await lab.until(/sleep 1000/);
      assert.ok(leftOf(name).length >= 4);
      lab.child.kill(signal);
      assert.equal(await lab.ended, expected, lab.stdout());
      assert.match(lab.stdout(), new RegExp(`stopped by ${signal}`));
    });
    assert.deepEqual(leftOf(name), []);
  });
}

breadth('a signal while it is being built takes down what there is', { skip }, async () => {
  await withLabFile(plainLab([endless]), async (path) => {
    const lab = startLab(path);
    await lab.until(/building it/);
    lab.child.kill('SIGINT');
    lab.child.kill('SIGINT');
    assert.equal(await lab.ended, 130, lab.stdout());
  });
  assert.deepEqual(leftOf(name), []);
});

breadth('a closed output pipe does not leave the lab standing', { skip }, async () => {
  await withLabFile(plainLab([{ kind: 'run', on: 'a', command: 'head -c 2000000 /dev/zero | tr "\\0" "\\n"' }, curl]), async (path) => {
    const lab = startLab(path);
    await lab.until(/building it/);
    lab.child.stdout?.destroy();
    await lab.ended;
  });
  assert.deepEqual(leftOf(name), []);
});

breadth('the next run takes down what a killed run left', { skip }, async () => {
  await withLabFile(plainLab([endless]), async (path) => {
    const lab = startLab(path);
    await lab.until(/sleep 1000/);
    const pids = runChildSync(['ip', 'netns', 'pids', `weir-${name}-a`])
      .stdout.trim()
      .split('\n');
    lab.child.kill('SIGKILL');
    await lab.ended;
    assert.ok(existsSync(`/run/netns/weir-${name}-a`));
    const next = await withLabFile(plainLab([curl]), (other) => runWeirLab(other));
    assert.equal(next.status, 0, next.stdout);
    assert.match(next.stdout, new RegExp(`took down what was left of ${name}\n`));
    assert.deepEqual(
      pids.map((pid) => startTime(Number(pid))),
      pids.map(() => undefined),
    );
  });
  assert.deepEqual(leftOf(name), []);
});

test('--keep leaves it standing; enter runs commands there; a second run gets another name; down takes it down', { skip }, async () => {
  await withLabFile(plainLab([curl]), async (path) => {
    const kept = await runWeirLab(path, '--keep');
    assert.equal(kept.status, 0, kept.stdout);
    assert.match(kept.stdout, new RegExp(`weir lab enter a.*weir lab down ${name}`));
    try {
      const inside = await runWeirLab('enter', '--run', name, 'a', 'curl', '-m', '30', 'http://10.7.0.2');
      assert.deepEqual([inside.status, inside.stdout], [0, 'Welcome from b\n']);
      assert.equal((await runWeirLab('enter', '--run', name, 'a', 'sh', '-c', 'exit 7')).status, 7);
      assert.match((await runWeirLab('enter', '--run', name, 'c')).stderr, /with a host c stands/);
      const second = await evidenceOf(path);
      assert.deepEqual([second.status, second.evidence.run], [0, `${name}.2`]);
      assert.match((await runWeirLab()).stdout, new RegExp(`${name} is standing: hosts a, b`));
    } finally {
      assert.deepEqual(await runWeirLab('down', name), { status: 0, stdout: `${name} is down\n`, stderr: '' });
    }
    assert.deepEqual(leftOf(name), []);
    assert.equal((await runWeirLab('down', name)).status, 1);
  });
});

breadth('nothing runs for a host whose namespace is gone, and the rest is still taken down', { skip }, async () => {
  await withLabFile(plainLab([curl]), async (path) => {
    assert.equal((await runWeirLab(path, '--keep')).status, 0);
    runChildSync(['ip', 'netns', 'del', `weir-${name}-a`]);
    const outside = await runWeirLab('enter', '--run', name, 'a', 'echo', 'outside');
    assert.notEqual(outside.status, 0);
    assert.equal(outside.stdout, '');
    assert.match(outside.stderr, /Cannot open network namespace/);
    assert.equal((await runWeirLab('down', name)).status, 0);
  });
  assert.deepEqual(leftOf(name), []);
});

breadth('a run in progress is not taken down', { skip }, async () => {
  await withLabFile(plainLab([endless]), async (path) => {
    const lab = startLab(path);
    await lab.until(/sleep 1000/);
    const { status, stderr } = await runWeirLab('down', name);
    assert.deepEqual([status, stderr.includes(`being run by process ${lab.child.pid}`)], [1, true]);
    lab.child.kill('SIGTERM');
    assert.equal(await lab.ended, 143);
  });
  assert.deepEqual(leftOf(name), []);
});

test('a lab that cannot be built reports the failed command, and leaves nothing', { skip }, async () => {
  const lab = plainLab([curl]);
  const impossible = { ...lab, hosts: { ...lab.hosts, a: { ...lab.hosts['a'], gateway: '10.99.0.1' } } };
  const { status, stdout } = await withLabFile(impossible, (path) => runWeirLab(path));
  assert.equal(status, 1);
  assert.match(stdout, /ip -n weir-plain-\d+-a -batch -: .*Nexthop has invalid gateway/);
  assert.deepEqual(leftOf(name), []);
});

test('a wrong file, a wrong option, an unknown lab: status 2 and one line each', async () => {
  const { status, stderr } = await withLabFile({ ...plainLab([]), steps: [{ kind: 'run', on: 'z', command: 'true' }] }, (path) =>
    runWeirLab(path),
  );
  assert.equal(status, 2);
  assert.match(stderr, /^weir lab: .*lab\.json: steps\[0\]\.on: there is no host z; the hosts are a, b\n$/);
  assert.equal((await runWeirLab('--kep')).status, 2);
  assert.equal((await runWeirLab('no-such-lab')).status, 2);
});

test('a plan is printed without anything being built', async () => {
  const { status, stdout } = await runWeirLab('nat', '--plan');
  assert.equal(status, 0);
  assert.match(stdout, /^ip netns add weir-nat-sw\n/);
});
