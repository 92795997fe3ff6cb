import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuTimeMs } from '../../../test/support/cpu-time.js';
import fc from '../../../test/support/properties.js';
import { expressionFault, RegularExpression } from './regular-expression.js';

const matches = (pattern: string, text: string, ignoreCase = false): boolean => new RegularExpression(pattern, ignoreCase).test(text);

test('what paths and hosts are matched by', () => {
  assert.ok(matches('\\.(gif|jpe?g)$', '/a/b.jpeg'));
  assert.ok(!matches('\\.(gif|jpe?g)$', '/a/b.jpeg/x'));
  assert.ok(matches('^/(?<user>[a-z]{2,4})/', '/abc/'));
  assert.ok(!matches('^/[a-z]{2,4}/', '/abcde/'));
  assert.ok(matches('^www\\d+\\.', 'WWW12.example', true));
  assert.ok(matches('(?i)INDEX', '/index.html'));
  assert.ok(matches('.*', ''));
  assert.ok(matches('^$', '') && !matches('^$', 'x'));
  assert.ok(matches('[]a]', ']') && matches('[^]a]', 'b') && matches('[a-]', '-') && matches('[[:upper:]_]', 'Q'));
  assert.ok(matches('ü', '\u00c3\u00bc'), 'bytes of UTF-8');
  assert.ok(!matches('\\.php$', '/x.php\n'), 'the end is the end');
});

test('what no finite automaton has is refused by name', () => {
  for (const pattern of [
    '(a)\\1',
    '(?=a)',
    '(?<!a)b',
    'a++',
    '\\bx',
    '(',
    'a)',
    '*a',
    '[z-a]',
    '[a',
    'a{1001}',
    '(a{999}){999}',
    '[ü]',
    '\\',
  ]) {
    assert.match(expressionFault(pattern) ?? '', /at character \d+$/, pattern);
  }
  assert.equal(expressionFault('^/a(b|c)*$'), undefined);
  assert.match(expressionFault(`${'('.repeat(200)}${')'.repeat(200)}`) ?? '', /100 groups/);
});

test('groups as Perl has them', () => {
  assert.deepEqual(new RegularExpression('^/(a*)(a|b)?(.*)').exec('/aab'), ['/aab', 'aa', 'b', '']);
  assert.deepEqual(new RegularExpression('(a+?)(a*)').exec('xaaa'), ['aaa', 'a', 'aa']);
  assert.deepEqual(new RegularExpression('id=([0-9]+)').exec('/x?id=77&y'), ['id=77', '77']);
  assert.equal(new RegularExpression('b').exec('a'), undefined);
});

test('an expression that takes a backtracking matcher ages takes no longer than its text is', () => {
  const text = `${'a'.repeat(30_000)}!`;
  for (const pattern of ['^(a+)+$', '^(a|a)*$', '(a*)*b', '(x+x+)+y|^(([a-z])+.)+[A-Z]$'])
    assert.equal(matches(pattern, text), false, pattern);
  // 2^14 sets of instructions, of which a thousand are kept.
  assert.equal(matches('(a|b)*a(a|b){14}c', 'ab'.repeat(5_000)), false);
});

test('a byte costs little, whatever the expression is; what would cost more is refused', () => {
  const letters = Array.from({ length: 30_000 }, (_, index) => (((index * 2_654_435_761) >>> 13) % 7 < 3 ? 'a' : 'b')).join('');
  for (const pattern of [
    '[ab]*a[ab]{30}$',
    '[ab]*a[ab]{400}$',
    '([ab]*)a[ab]{900}$',
    '^(([ab]{1,30}a){0,20})*c',
    '([ab]*a[ab]{300})*b',
    '(a|b|[ab]{0,500})*',
  ]) {
    const expression = new RegularExpression(pattern);
    const took = cpuTimeMs(() => expression.exec(letters));
    assert.ok(took < 250, `${pattern}: ${took} ms`);
  }
  for (const pattern of ['(?:a?b?){100}$', '(a?){200}c', `(${Array.from({ length: 60 }, (_, index) => `a${index}`).join('|')})*`])
    assert.match(expressionFault(pattern) ?? '', /too many (?:steps|ways)/, pattern);
});

/** Expressions that JavaScript reads in the same way. */
const piece = fc.constantFrom('a', 'b', 'c', '.', '[ab]', '[^a]', '\\d', 'ab', '(?:a|b)', '^', '$');
const counted = fc
  .tuple(piece, fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,3}', '*?'))
  .map(([one, count]) => ('^$'.includes(one) ? one : one + count));
const pattern = fc
  .array(
    fc.array(counted, { maxLength: 4 }).map((parts) => parts.join('')),
    { minLength: 1, maxLength: 3 },
  )
  .chain((parts) => fc.constantFrom(parts.join('|'), parts.map((part) => `(${part})`).join('')));
const subject = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '/'), maxLength: 10 });

test('matches and groups are those of JavaScript', () => {
  fc.assert(
    fc.property(pattern, fc.array(subject, { minLength: 1, maxLength: 5 }), (expression, texts) => {
      const [ours, theirs] = [new RegularExpression(expression), new RegExp(expression)];
      for (const text of texts) {
        assert.equal(ours.test(text), theirs.test(text), `${expression} on ${text}`);
        assert.deepEqual(
          ours.exec(text),
          theirs.exec(text)?.map((group) => group ?? ''),
          `${expression} on ${text}`,
        );
      }
    }),
    { numRuns: 500 },
  );
});

test('any text is an expression or is refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab()[]{}*+?|\\^$.-1,:<>=!'), maxLength: 14 }), (text) => {
      const fault = expressionFault(text);
      if (fault === undefined) new RegularExpression(text).exec('ab1-a');
    }),
  );
});
