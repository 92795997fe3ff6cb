import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText } from '../../../../../test/support/keepalived-text.js';

const script = (...lines: string[]): string => `vrrp_script s1 {\nscript "/bin/check x"\n${lines.join('\n')}\n}\n`;
const file = (...lines: string[]): string => `track_file f1 {\nfile /run/value\n${lines.join('\n')}\n}\n`;
const process = (...lines: string[]): string => `vrrp_track_process p1 {\nprocess sshd\n${lines.join('\n')}\n}\n`;

test('vrrp_script', () => {
  const plain = {
    name: 's1',
    script: { argv: ['/bin/check', 'x'], text: '/bin/check x' },
    intervalUs: 1_000_000,
    weight: 0,
    reverse: false,
    rise: 1,
    fall: 1,
    initFail: false,
  };
  assert.deepEqual(readText(script()).configuration.scripts, [plain]);
  const all = readText(script('interval 0.5', 'timeout 2', 'weight -10 reverse', 'rise 2', 'fall 3', 'user nobody nogroup', 'init_fail'));
  assert.deepEqual(all.errors, []);
  assert.deepEqual(all.configuration.scripts, [
    {
      ...plain,
      script: { ...plain.script, runAs: { user: 'nobody', group: 'nogroup' } },
      intervalUs: 500_000,
      timeoutUs: 2_000_000,
      weight: -10,
      reverse: true,
      rise: 2,
      fall: 3,
      initFail: true,
    },
  ]);
});

test('what is wrong with a vrrp_script', () => {
  const cases: [string, string[], number][] = [
    ['vrrp_script s1 {\n}\n', ['No script set for vrrp_script s1 - removing'], 0],
    [script('interval 0'), ['(s1): vrrp script interval must be greater than 0, setting to 1'], 1],
    [script('timeout 0'), ['(s1): vrrp script timeout must be greater than 0, setting to 1'], 1],
    [script('interval abc'), ["invalid number 'abc'", "(s1): vrrp script interval 'abc' must be between 0.001 and 4294 - ignoring"], 1],
    [script('weight 254'), ["number '254' outside range [-253, 253]", 'vrrp_script s1 weight 254 must be in [-253, 253]'], 1],
    [script('weight 10 junk'), ['vrrp_script s1 unknown weight option junk'], 1],
    [script('rise 0'), ["number '0' outside range [1, 2147483647]", "(s1): vrrp script rise value '0' invalid, defaulting to 1"], 1],
  ];
  for (const [text, reported, count] of cases) {
    const { configuration, errors } = readText(text);
    assert.deepEqual(errors, reported, text);
    assert.equal(configuration.scripts.length, count, text);
    if (count === 1) assert.equal(configuration.scripts[0]?.intervalUs, 1_000_000, text);
  }
  const user = readText(script().replace('"/bin/check x"', '"/bin/check x" nobody'));
  assert.equal(user.configuration.scripts[0]?.script.runAs, undefined);
  assert.deepEqual(user.notices, ["(s1): 'nobody' behind the script is ignored", 'Warning - script s1 is not used']);
  const twice = readText(script('weight 5') + script('weight 6'));
  assert.deepEqual(
    twice.configuration.scripts.map(({ weight }) => weight),
    [5],
  );
  assert.deepEqual(twice.notices, ['vrrp_script s1 is defined twice', 'Warning - script s1 is not used']);
});

test('track_file', () => {
  const plain = { name: 'f1', path: '/run/value', weight: 1, reverse: false };
  assert.deepEqual(readText(file()).configuration.files, [plain]);
  assert.deepEqual(readText(file('weight -5 reverse', 'init_file overwrite 7')).configuration.files, [
    { ...plain, weight: -5, reverse: true, init: { value: 7, overwrite: true } },
  ]);
  assert.deepEqual(readText(file('init_file')).configuration.files[0]?.init, { value: 0, overwrite: false });
  assert.deepEqual(readText(file().replace('track_file', 'vrrp_track_file')).configuration.files, [plain]);
  const cases: [string, string[]][] = [
    ['track_file f1 {\nfile\n}', ['track file file name missing', 'No file set for track_file f1 - ignoring']],
    [file('file /other'), ['File already set for track file f1 - ignoring /other']],
    [file('weight'), ['No weight specified for track file f1 - ignoring']],
    [file('weight 1', 'weight 2'), ['Weight already set for track file f1 - ignoring 2']],
    [
      file('weight 255'),
      ["number '255' outside range [-254, 254]", 'Weight (255) for track_file f1 must be between [-254..254] inclusive. Ignoring...'],
    ],
    [file('weight 1 foo'), ['track_file f1 unknown weight option foo']],
    [file('init_file abc'), ['Unknown track file init option abc']],
    [file('init_file 2147483648'), ["number '2147483648' outside integer range", 'Track file f1 init value 2147483648 is invalid']],
  ];
  for (const [text, reported] of cases) assert.deepEqual(readText(text).errors, reported, text);
});

test('vrrp_track_process', () => {
  const plain = {
    name: 'p1',
    argv: ['sshd'],
    parameterMatch: 'none',
    fullCommand: false,
    weight: 0,
    reverse: false,
    quorum: 1,
    forkDelayUs: 0,
    terminateDelayUs: 0,
  };
  const built = (...lines: string[]) => readText(process(...lines)).configuration.processes[0];
  assert.deepEqual(built(), plain);
  assert.deepEqual(built('param_match initial', 'full_command', 'weight 9', 'quorum 2', 'quorum_max 3', 'delay 1', 'fork_delay 0.5'), {
    ...plain,
    parameterMatch: 'initial',
    fullCommand: true,
    weight: 9,
    quorum: 2,
    quorumMax: 3,
    forkDelayUs: 500_000,
    terminateDelayUs: 1_000_000,
  });
  const exact = { ...plain, argv: ['a', 'b'], parameterMatch: 'exact', fullCommand: true };
  assert.deepEqual(readText(process().replace('sshd', 'a b')).configuration.processes, [exact]);
  assert.equal(built('param_match')?.parameterMatch, 'exact');
  assert.equal(built('param_match partial')?.fullCommand, true);
  assert.deepEqual([built('quorum_max 0')?.quorum, built('quorum_max 0')?.quorumMax], [0, 0]);
  const range = (what: string): string => `${what} for vrrp_track_process p1 must be between`;
  const cases: [string, string[]][] = [
    ['vrrp_track_process p1 {\n}', ["track process 'p1' process name not specified"]],
    [process('process other'), ['Process already set for track process p1 - ignoring other']],
    [process('param_match exact'), ['Invalid param_match type exact - ignoring']],
    [process('weight'), ['No weight specified for track process p1 - ignoring']],
    [process('weight 255'), ["number '255' outside range [-254, 254]", `${range('Weight (255)')} [-254..254] inclusive. Ignoring...`]],
    [process('weight 5 foo'), ['vrrp_track_process p1 unknown weight option foo']],
    [process('quorum 0'), ["number '0' outside range [1, 65535]", `${range('Quorum (0)')} [1..65535] inclusive. Ignoring...`]],
    [
      process('quorum_max 65536'),
      ["number '65536' outside range [0, 65535]", `${range('quorum_max (65536)')} [0..65535] inclusive. Ignoring...`],
    ],
    [
      process('delay 0'),
      ["number '0' outside range [0.000001, 3600.000000]", `${range('delay (0)')} [0.000001..3600] inclusive. Ignoring...`],
    ],
    [process('quorum 5', 'quorum_max 2'), ['quorum_max is less than quorum - ignoring']],
    [process('quorum_max 0', 'quorum 2'), ['Quorum is greater than quorum_max - ignoring']],
  ];
  for (const [text, reported] of cases) assert.deepEqual(readText(text).errors, reported, text);
});
