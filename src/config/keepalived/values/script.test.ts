import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../../test/support/properties.js';
import { readScript, splitCommand } from './script.js';

const argvOf = (raw: string): readonly string[] | undefined => readScript('notify', raw).script?.argv;

test('a command is split as keepalived splits it', () => {
  const cases: [string, string[]][] = [
    ['/bin/true', ['/bin/true']],
    ['"/bin/true a b"', ['/bin/true', 'a', 'b']],
    ['/bin/true" a b"', ['/bin/true', 'a', 'b']],
    [`"/bin/true 'a b' c"`, ['/bin/true', 'a b', 'c']],
    [`'/bin/true "a b" c'`, ['/bin/true', 'a b', 'c']],
    ['"/bin/true a#b"', ['/bin/true', 'a#b']],
    ['"/bin/true a\\nb"', ['/bin/true', 'a', 'b']],
    ['"/bin/true a\\101b"', ['/bin/true', 'aAb']],
    ['"/bin/true a\\1011b"', ['/bin/true', 'aA1b']],
    ['"/bin/true a\\777b"', ['/bin/true', 'a\xffb']],
    ['"/bin/true a\\8b"', ['/bin/true', 'a8b']],
    ['"/bin/true a\\x414b"', ['/bin/true', 'aK']],
    ['"/bin/true a\\xgb"', ['/bin/true', 'axgb']],
    ['"/bin/true a\\cb"', ['/bin/true', 'a\x02']],
    ['"/bin/true a\\\\b"', ['/bin/true', 'a\b']],
    ['"/bin/true a\\ xb"', ['/bin/true', 'a', 'xb']],
    ['"/bin/true a\\0b"', ['/bin/true', 'a']],
  ];
  for (const [raw, argv] of cases) assert.deepEqual(argvOf(raw), argv, raw);
});

test('the words behind the command are user and group', () => {
  assert.deepEqual(readScript('notify', '/bin/true nobody').script, { argv: ['/bin/true'], text: '/bin/true', runAs: { user: 'nobody' } });
  assert.deepEqual(readScript('notify', '"/bin/true x" nobody nogroup more').script, {
    argv: ['/bin/true', 'x'],
    text: '/bin/true x',
    runAs: { user: 'nobody', group: 'nogroup' },
  });
});

test('an open quote of the line or of the command in it is reported', () => {
  const problem = (raw: string) => readScript('notify', raw).problem;
  assert.deepEqual(problem('"/bin/true a'), { text: 'notify "/bin/true a', quote: '"' });
  assert.deepEqual(problem(`"/bin/true 'a b"`), { text: "/bin/true 'a b", quote: "'" });
  assert.deepEqual(problem(`"/bin/true 'a b' c\\"d"`), { text: `/bin/true 'a b' c"d`, quote: '"' });
  assert.deepEqual(readScript('notify', ''), {});
  assert.deepEqual(readScript('notify', '""'), {});
});

test('any text gives words or a problem', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (raw) => {
      const { script, problem } = readScript('notify', raw);
      assert.ok(script === undefined || problem === undefined);
      assert.ok(script === undefined || script.argv.length > 0);
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z0-9/._-]+$/)), (words) => {
      assert.deepEqual(splitCommand(words.map((word) => `'${word}'`).join(' \t')), words);
    }),
  );
});
