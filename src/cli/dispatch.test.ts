import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from './command.js';
import { commands } from './commands.js';
import { dispatch } from './dispatch.js';
import { memoryIo } from './io.js';

const table: readonly Command[] = ['ipvsadm', 'proc', 'sysctl'].map((name) => ({
  name,
  meaning: `what ${name} does`,
  load: async () => ({
    run: async (args, io) => {
      io.out(`${name} ${args.join(' ')}\n`);
      return 7;
    },
  }),
}));

async function weir(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const io = memoryIo();
  const status = await dispatch(args, io, table);
  return { status, stdout: io.stdout, stderr: io.stderr };
}

test('a command by its name, or by the name weir was called by', async () => {
  assert.deepEqual(await weir('weir', 'proc', 'ip_vs'), { status: 7, stdout: 'proc ip_vs\n', stderr: '' });
  assert.deepEqual(await weir('ipvsadm', '-L', '-n'), { status: 7, stdout: 'ipvsadm -L -n\n', stderr: '' });
});

test('an unknown command suggests the nearest', async () => {
  assert.deepEqual(await weir('weir', 'sysclt'), {
    status: 2,
    stdout: '',
    stderr: "weir: no such command: sysclt; did you mean sysctl? ('weir help' lists them)\n",
  });
  assert.equal((await weir('weir', 'zzzzzz')).stderr, "weir: no such command: zzzzzz ('weir help' lists them)\n");
});

test('help lists every command; without a word it is an error', async () => {
  const help = await weir('weir', 'help');
  assert.equal(help.status, 0);
  for (const { name, meaning } of table) assert.match(help.stdout, new RegExp(`  ${name} +${meaning}\n`));
  const none = await weir('weir');
  assert.deepEqual(none, { status: 2, stdout: '', stderr: help.stdout });
  assert.match((await weir('weir', 'version')).stdout, /^weir \S+\n$/);
});

test('help on one command is what that command prints, or its usage in the table', async () => {
  assert.deepEqual(await weir('weir', 'help', 'proc'), { status: 7, stdout: 'proc --help\n', stderr: '' });
  assert.match((await weir('weir', 'help', 'prco')).stderr, /did you mean proc/);
  const io = memoryIo();
  assert.equal(await dispatch(['weir', 'help', 'ipvsadm-restore'], io, commands), 0);
  assert.match(io.stdout, /^usage: ipvsadm-restore /);
});

test('every command prints its usage when asked, and does nothing else', async () => {
  for (const { name } of commands) {
    const io = memoryIo();
    assert.equal(await dispatch(['weir', 'help', name], io, commands), 0, name);
    assert.match(io.stdout, /usage:/i, name);
    assert.equal(io.stderr, '', name);
  }
});

/** Their options are those of ipvsadm's scripts, of keepalived and of KTCPVS, which answer in their own way. */
const ANSWER_THERE = new Set(['ipvsadm-save', 'ipvsadm-restore', 'keepalived', 'run', 'genhash', 'tcpvsadm']);

test('each command answers --help and -h with its usage, alone and behind its words', async () => {
  const words: Readonly<Record<string, readonly string[]>> = {
    lab: ['nat', 'down', 'enter', 'no-such-lab'],
    config: ['lint', 'explain'],
    realserver: ['start', 'stop', 'status'],
    vip: ['add', 'del', 'status'],
    sim: ['vrrp'],
    stats: ['drops'],
    proc: ['ip_vs'],
    sysctl: ['-a'],
  };
  for (const { name } of commands.filter((command) => !ANSWER_THERE.has(command.name))) {
    const usage = memoryIo();
    await dispatch(['weir', 'help', name], usage, commands);
    for (const word of [[], ...(words[name] ?? []).map((one) => [one])]) {
      for (const option of ['--help', '-h']) {
        const io = memoryIo();
        assert.equal(await dispatch(['weir', name, ...word, option], io, commands), 0, `${name} ${word} ${option}`);
        assert.deepEqual([io.stdout, io.stderr], [usage.stdout, ''], `${name} ${word} ${option}`);
      }
    }
  }
  for (const name of ANSWER_THERE) {
    const io = memoryIo();
    await dispatch(['weir', name, '--help'], io, commands);
    assert.match(io.stdout + io.stderr, name === 'ipvsadm-restore' ? /--help|restore/ : /keepalived|ipvsadm-save|genhash|tcpvsadm/, name);
  }
});

test('a command that needs to know what to do prints its usage on standard error, as it is', async () => {
  for (const name of ['config', 'realserver', 'sim', 'stats', 'vip']) {
    const [help, io] = [memoryIo(), memoryIo()];
    await dispatch(['weir', 'help', name], help, commands);
    assert.match(help.stdout, new RegExp(`^usage: weir ${name} [^]*\\n$`), name);
    assert.equal(await dispatch(['weir', name], io, commands), 2, name);
    assert.deepEqual([io.stdout, io.stderr], ['', help.stdout], name);
  }
});

test('help and version are commands that have a help, too', async () => {
  const { stdout: help } = await weir('weir', 'help');
  for (const words of [['help', 'help'], ['help', '--help'], ['--help', 'help'], ['-h']]) {
    assert.deepEqual(await weir('weir', ...words), { status: 0, stdout: help, stderr: '' }, words.join(' '));
  }
  for (const words of [
    ['help', 'version'],
    ['version', '--help'],
    ['--version', '-h'],
  ]) {
    assert.deepEqual(await weir('weir', ...words), { status: 0, stdout: 'usage: weir version\n', stderr: '' }, words.join(' '));
  }
});

test('every command of weir has its code and a name of its own', async () => {
  assert.equal(new Set(commands.map(({ name }) => name)).size, commands.length);
  for (const command of commands) assert.equal(typeof (await command.load()).run, 'function', command.name);
});
