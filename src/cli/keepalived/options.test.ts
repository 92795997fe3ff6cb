import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPTIONS } from '../../model/keepalived/command-line.js';
import { helpText, versionText } from './help.js';
import { type Asked, readOptions } from './options.js';

const run = (...args: readonly string[]): Extract<Asked, { readonly kind: 'run' }> => {
  const asked = readOptions(args);
  assert.equal(asked.kind, 'run');
  return asked as Extract<Asked, { readonly kind: 'run' }>;
};
const failure = (...args: readonly string[]): string => {
  const asked = readOptions(args);
  return asked.kind === 'failed' ? asked.text : asked.kind;
};

test('nothing given: the defaults', () => {
  const { options, warnings, extra } = run();
  assert.deepEqual(options, {
    path: '/etc/keepalived/keepalived.conf',
    parts: { vrrp: true, checker: true, bfd: true, sync: true, proxy: true, feedback: true, api: true },
    all: false,
    log: { detail: false, console: false, syslog: true, facility: 3 },
    foreground: false,
    dump: false,
    keepAddresses: false,
    keepServers: false,
    respawn: true,
    pidFiles: {},
    allConfig: false,
    notActedOn: [],
    argv: [],
  });
  assert.deepEqual([warnings, extra], [[], []]);
});

test('letters together, attached and separate arguments, long names', () => {
  const { options } = run(
    '-nlD',
    '-f/a.conf',
    '-p',
    '/p',
    '--vrrp_pid=/r',
    '--checkers_pid',
    '/c',
    '-S',
    '3',
    '-VIR',
    '-u',
    '022',
    '-i',
    'x',
  );
  assert.equal(options.path, '/a.conf');
  assert.deepEqual(options.log, { detail: true, console: true, syslog: true, facility: 19 });
  assert.deepEqual(options.pidFiles, { parent: '/p', vrrp: '/r', checker: '/c' });
  assert.deepEqual([options.keepAddresses, options.keepServers, options.respawn, options.foreground], [true, true, false, true]);
  assert.deepEqual([options.umask, options.configId], [0o22, 'x']);
});

test('a beginning of a long name is enough where only one has it', () => {
  assert.equal(run('--dont-f').options.foreground, true);
  assert.equal(failure('--dont-r'), 'Unknown option --dont-r');
});

test('-P and -C choose what runs', () => {
  const others = { sync: false, proxy: false, feedback: false, api: false };
  assert.deepEqual(run('-P').options.parts, { vrrp: true, checker: false, bfd: true, ...others });
  assert.deepEqual(run('-C').options.parts, { vrrp: false, checker: true, bfd: true, ...others });
  assert.deepEqual(run('-P', '-C', '-B').options.parts, { vrrp: true, checker: true, bfd: false, ...others });
});

test('facilities by number and name; a wrong one is reported and the default stays', () => {
  assert.equal(run('-S', 'local7').options.log.facility, 23);
  assert.equal(run('-S', 'user').options.log.facility, 1);
  const { options, warnings } = run('-S', '9');
  assert.equal(options.log.facility, 3);
  assert.deepEqual(warnings, [{ code: 'log-facility-invalid', text: "Invalid log facility '9'" }]);
});

test('keepalived’s messages for what is wrong', () => {
  assert.equal(failure('-Q'), 'Unknown option -Q');
  assert.equal(failure('--bogus'), 'Unknown option --bogus');
  assert.equal(failure('-f'), 'Missing parameter for option -f');
  assert.equal(failure('--signum='), 'Missing parameter for option --signum');
  assert.deepEqual(run('-u', 'abc').warnings, [{ code: 'umask-invalid', text: 'Invalid --umask option abc' }]);
  assert.deepEqual(run('extra', 'args').extra, ['extra', 'args']);
});

test('what is asked and not run', () => {
  assert.deepEqual(readOptions(['-n', '-h']), { kind: 'help' });
  assert.deepEqual(readOptions(['--version']), { kind: 'version' });
  assert.deepEqual(readOptions(['--signum=DATA']), { kind: 'signum', name: 'DATA' });
  assert.deepEqual(readOptions(['-T', '-s', 'x', '-u', '/']), { kind: 'genhash', args: ['-s', 'x', '-u', '/'], warnings: [] });
  assert.deepEqual(readOptions(['y', '-Tvs', 'x']), { kind: 'genhash', args: ['-vs', 'x', 'y'], warnings: [] });
  assert.deepEqual(readOptions(['-l', '--genh', '-z']), {
    kind: 'genhash',
    args: ['-z'],
    warnings: ['Warning -- `genhash` not used as first option, previous options ignored'],
  });
  assert.deepEqual(readOptions(['-h', '-T']), { kind: 'help' });
  const tested = readOptions(['-t/tmp/log', '-f', 'x.conf']);
  assert.ok(tested.kind === 'test' && tested.output === '/tmp/log' && tested.options.path === 'x.conf');
  const plain = readOptions(['-t', 'x.conf']);
  assert.ok(plain.kind === 'test' && plain.output === undefined && plain.extra[0] === 'x.conf');
});

test('options without effect are named', () => assert.deepEqual(run('-x', '-A', 'sock', '-m').options.notActedOn, ['-x', '-A', '-m']));

test('the help names every option that keepalived’s does', () => {
  const help = helpText('keepalived');
  const hidden = new Set(['perf', 'debug', 'no-mem-check']);
  for (const { short, long } of OPTIONS) {
    if (long !== undefined && !hidden.has(long)) assert.match(help, new RegExp(`--${long}\\b`));
    if (short !== undefined) assert.match(help, new RegExp(`^  -${short}, `, 'm'));
  }
  assert.match(versionText('Linux'), /^Keepalived v2\.2\.7 /);
  // As exporters read it: the build option for the JSON signal, and the list of features.
  assert.match(versionText('Linux'), /^configure options: .*--enable-json /m);
  assert.match(versionText('Linux'), /^Config options: .* BFD /m);
});
