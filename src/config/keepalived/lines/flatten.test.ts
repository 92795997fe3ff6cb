import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../../test/support/properties.js';
import { type Diagnostic, reportTo } from '../diagnostics/report.js';
import type { Piece } from '../statements/tree.js';
import type { ConfigFiles, FileRead } from './config-files.js';
import { type FlattenOptions, flatten } from './flatten.js';
import { splitWords } from './split-words.js';
import { originAt } from './text.js';

/** Files by path; a function makes a new one. Directories follow from the paths. */
function memory(files: Readonly<Record<string, string | FileRead>>): ConfigFiles {
  const paths = Object.keys(files);
  return {
    read(path) {
      const found = files[path];
      if (found !== undefined) return typeof found === 'string' ? { kind: 'text', text: found } : found;
      return { kind: paths.some((name) => name.startsWith(`${path}/`)) ? 'directory' : 'missing' };
    },
    list(directory) {
      const prefix = directory === '.' ? '' : directory;
      return [...new Set(paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length).split('/')[0]!))];
    },
  };
}

const OPTIONS: FlattenOptions = { path: 'k.conf', directory: '/etc', configId: 'idx', environment: { HOME: '/root' } };

const shown = (piece: Piece): string => (piece.kind === 'line' ? piece.line.text : piece.kind === 'open' ? '{' : '}');

function run(files: string | Readonly<Record<string, string | FileRead>>, options: Partial<FlattenOptions> = {}) {
  const reported: Diagnostic[] = [];
  const source = memory(typeof files === 'string' ? { 'k.conf': files } : files);
  const pieces = [
    ...flatten(
      source,
      { ...OPTIONS, ...options },
      reportTo((diagnostic) => reported.push(diagnostic)),
    ),
  ];
  return { lines: pieces.map(shown), pieces, reported, texts: reported.map(({ at, text }) => `${at.file}:${at.line}: ${text}`) };
}

const lines = (text: string): readonly string[] => run(text).lines;

test('braces divide lines, except inside double quotes', () => {
  assert.deepEqual(lines('a b{ c }\n"x {" }d'), ['a b', '{', 'c', '}', '"x {"', '}', 'd']);
  assert.deepEqual(lines("'x {'"), ["'x", '{', "'"]);
});

test('comments end at the end of the line', () => {
  assert.deepEqual(lines('a#b\nc !d\n"e#f" g\nh\\#i \\!j\nk\\\\#l\n# m'), ['a', 'c', '"e#f" g', 'h#i !j', 'k\\\\']);
});

test('line ends, NULs and the byte order mark', () => {
  assert.deepEqual(run('a\r\nb\0c\nd\re').lines, ['a', 'b', 'd\re']);
  assert.deepEqual(run('a\0b').texts, ['k.conf:1: a NUL character ends the line']);
  assert.deepEqual(run('\ufeffa').lines, ['a']);
  assert.equal(run('\ufeffa').reported[0]?.severity, 'error');
  assert.deepEqual(run(`a\n${'x'.repeat(70_000)}\nb`).texts, ['k.conf:2: line too long - ignoring']);
});

test('conditions', () => {
  assert.deepEqual(lines('@idx a\n@other b\n@^idx c\n@^other d\n@ e\n@^ f\n@idx @idx g'), ['a', 'd', 'f', '@idx g']);
  assert.deepEqual(lines('b { @other c }\nd'), ['b', '{', 'd']);
  assert.deepEqual(lines('@other $B= \\\n x \\\n y\nz'), ['z']);
});

test('parameters', () => {
  assert.deepEqual(lines('$P=30\n$P ${P}0 $P0 $P, "$P x"'), ['30 300 $P0 30, "30 x"']);
  assert.deepEqual(lines('$A=3${B}\n$B=0\nx $A\n$B=1\nx $A'), ['x 30', 'x 31']);
  assert.deepEqual(lines('$A=B\n$B=x\n${${A}}'), ['x']);
  assert.deepEqual(lines('$P=a { b }\n$P'), ['a', '{', 'b', '}']);
  assert.deepEqual(lines('$P=a   # c\n${P}b $N'), ['ab $N']);
  assert.deepEqual(lines('$C=@other\n$C a\n$D=~SEQ(N,1,2) n${N}\n$D'), ['n1', 'n2']);
});

test('predefined parameters', () => {
  assert.deepEqual(lines('${_PWD} ${_INSTANCE} ${_ENV HOME} ${_RANDOM 4 4}'), ['/etc idx /root 4']);
  assert.deepEqual(lines('a ${_HASH} b\n"${_BANG}"'), ['a', '"!"']);
  assert.deepEqual(lines('$_PWD=x\n$_PWD'), ['x']);
  assert.equal(run('a ${_ENV constructor} ${_ENV __proto__}').texts.length, 1);
  const seeded = (seed: number) => run(`global_defs {\nrandom_seed ${seed}\n}\n$_RANDOM`).lines.at(-1);
  assert.equal(seeded(1), seeded(1));
  assert.notEqual(seeded(1), seeded(2));
});

test('a parameter of many lines', () => {
  const block = '$B= \\\n  v${N} { \\\n x # c \\\n } \n';
  assert.deepEqual(lines(`${block}$N=1\n$B\n$N=2\n\${B}`), ['v1', '{', 'x', '}', 'v2', '{', 'x', '}']);
  assert.deepEqual(lines('$B=a \\\nb\nx $B\n$B y'), ['x a', 'b', '$B y']);
  assert.deepEqual(lines('$A= \\\n1 \\\n2\n$B= \\\n$A \\\n3\n$B'), ['1', '2', '3']);
  assert.deepEqual(lines('$B= \\\n a \\'), []);
  const long = Array.from({ length: 5_000 }, (_, index) => `x${index}`);
  assert.deepEqual(lines(`$B= \\\n${long.join(' \\\n')}\n$B`), long);
});

test('an undefined parameter stays as it is, and its braces open no block', () => {
  const { lines, texts } = run('a ${NOPE} b');
  assert.deepEqual(lines, ['a ${NOPE} b']);
  assert.deepEqual(texts, ['k.conf:1: parameter ${NOPE} is not defined']);
});

test('sequences', () => {
  assert.deepEqual(lines('~SEQ(N,3) a${N}'), ['a1', 'a2', 'a3']);
  assert.deepEqual(lines('~SEQ(N,-2) a${N}'), ['a-1', 'a-2']);
  assert.deepEqual(lines('~SEQ(N,0) a${N}'), ['a1', 'a0']);
  assert.deepEqual(lines('~SEQ( N , 1 , 2 , 6 )a${N}'), ['a1', 'a3', 'a5']);
  assert.deepEqual(lines('~SEQx(N,0x12,-1,0x0f) ${N}'), ['12', '11', '10', 'f']);
  assert.deepEqual(lines('~SEQ(A,1,3) ~SEQ(B,${A},3) ${A}${B}'), ['11', '12', '13', '22', '23', '33']);
  assert.deepEqual(lines('b { ~SEQ(N,2) a${N}\n}\nc${N}'), ['b', '{', 'a1', 'a2', '}', 'c2']);
  assert.deepEqual(lines('~SEQ(N,1,2) $P${N}=x${N}\n$P1$P2 $P2'), ['$P1x2 x2']);
  assert.deepEqual(lines('~SEQ(N,9223372036854775806,9223372036854775807) ${N}').length, 2);
});

test('a sequence with more turns than there may be lines is given up before its first one', () => {
  for (const sequence of [
    '~SEQ(N,1000000000) a',
    '~SEQ(N,-9223372036854775808,9223372036854775807) a',
    '~SEQ(A,2) ~SEQ(N,5,-1,-3000000) a',
  ]) {
    const { lines, texts } = run(`before\n${sequence}\nafter`);
    assert.deepEqual(lines, ['before'], sequence);
    assert.match(texts.join(), /more than 2000000 lines - giving up/, sequence);
  }
});

test('lists', () => {
  assert.deepEqual(lines('~LST(A, a , b,) x${A}.'), ['xa.', 'xb.', 'x.']);
  assert.deepEqual(lines('~LST({A, B},{1,2}, {3}, 4) ${A}.${B}.'), ['1.2.', '3..', '4..']);
  assert.deepEqual(lines('~SEQ(C,1,2) ~LST({A,B},{1,2}) ${C}${A}${B}'), ['112', '212']);
});

test('unreadable sequences are reported in keepalived’s words', () => {
  const texts = (text: string) => run(text).reported.map((diagnostic) => diagnostic.text);
  assert.deepEqual(texts('~SEQ(N) a'), ["Invalid ~SEQ definition '~SEQ(N) a'", "Invalid ~SEQ specification '~SEQ(N) a'"]);
  assert.equal(texts('~SEQ(N,5,1,1) a')[0], "Invalid ~SEQ values '~SEQ(N,5,1,1) a'");
  assert.equal(texts('~SEQ(N,1,3 a')[0], "~SEQ parameter strings too long '~SEQ(N,1,3 a'");
  assert.equal(texts('~SEQx(N,-1,1) a')[0], "~SEQx is only valid for positive numbers '~SEQx(N,-1,1) a'");
  assert.deepEqual(texts('~LST(N,a b) a'), ["Invalid ~LST specification '~LST(N,a b) a'"]);
  assert.equal(texts('~LST({A,B},{1,2,3}) a')[0], "~LST specification has too many values '~LST({A,B},{1,2,3}) a'");
});

test('includes are relative to the file that contains them', () => {
  const files = { 'k.conf': 'a\ninclude d/x.inc\nb { include y.inc }', 'd/x.inc': 'x\ninclude z.inc', 'd/z.inc': '${_PWD}', 'y.inc': 'y' };
  assert.deepEqual(run(files).lines, ['a', 'x', '/etc/d', 'b', '{', 'y', '}']);
  assert.deepEqual(run({ 'k.conf': '@idx include a${_HASH}\n$F=i\ninclude ${F}', i: 'x', a: 'y' }).lines, ['y', 'x']);
  assert.match(run('~SEQ(A,1000000) include none$A').texts.at(-1)!, /more than 100000 lookups - giving up/);
  const many = { 'k.conf': 'include {d/*,e}.inc', 'd/b.inc': 'b', 'd/a.inc': 'a', 'e.inc': 'e', 'd/.h.inc': 'h' };
  assert.deepEqual(run(many).lines, ['a', 'b', 'e']);
});

test('a missing include is reported, and an error if includes are checked', () => {
  const reported = (text: string, more = {}) =>
    run({ 'k.conf': text, d: { kind: 'directory' }, 'a.inc': 'a', ...more }).reported.map(({ severity, text }) => `${severity}: ${text}`);
  assert.deepEqual(reported('include n.inc'), ["notice: Config files missing 'n.inc'."]);
  assert.deepEqual(reported('include *.n'), ["notice: No config files matched '*.n'."]);
  assert.deepEqual(reported('include {a,b}.inc'), ['notice: Some config files missing: "{a,b}.inc".']);
  assert.deepEqual(reported('include d'), ["notice: Configuration file 'd/' is a directory - skipping"]);
  assert.deepEqual(reported('include u', { u: { kind: 'unfit' } }), [
    "notice: Configuration file 'u' is not a regular non-executable file - skipping",
  ]);
  assert.deepEqual(reported('includer f', { f: { kind: 'failed', reason: 'Permission denied' } }), [
    "no-config: Configuration file 'f' open problem (Permission denied) - skipping",
  ]);
  assert.deepEqual(reported('includer n.inc'), ["notice: Config files missing 'n.inc'."]);
  assert.deepEqual(reported('includem n.inc'), ["no-config: Config files missing 'n.inc'."]);
  assert.deepEqual(reported('includew *.n'), ["no-config: No config files matched '*.n'."]);
  assert.deepEqual(reported('includeb {a,b}.inc'), ['no-config: Some config files missing: "{a,b}.inc".']);
  assert.deepEqual(reported('includea n.inc'), ["no-config: Config files missing 'n.inc'."]);
  const checked = (words: string): string => `global_defs {\ninclude_check ${words}\n}\n`;
  assert.deepEqual(reported(`${checked('')}include n.inc`), ["no-config: Config files missing 'n.inc'."]);
  assert.deepEqual(reported(`${checked('')}${checked('-match')}include n.inc`), ["notice: Config files missing 'n.inc'."]);
  assert.deepEqual(reported(checked('read match')), ["error: Duplicate include_check 'match' specified - ignoring"]);
  assert.match(reported(checked('constructor'))[0]!, /Unknown include_check type 'constructor'/);
  assert.deepEqual(reported(checked('readable')), ["error: Unknown include_check type 'readable' - ignoring"]);
  assert.deepEqual(reported(`include c\ninclude n.inc`, { c: checked('') }), ["notice: Config files missing 'n.inc'."]);
});

test('the main file', () => {
  assert.deepEqual(
    run({}).reported.map(({ severity, text }) => `${severity}: ${text}`),
    ["notice: Config files missing 'k.conf'."],
  );
  assert.equal(run({}, { mustExist: true }).reported[0]?.severity, 'unusable');
  const failed = run({ 'k.conf': { kind: 'failed', reason: 'Permission denied' } }).reported[0];
  assert.deepEqual([failed?.severity, failed?.text], ['unusable', 'Unable to read configuration file k.conf']);
  const two = run({ 'b.conf': 'b', 'a.conf': 'a' }, { path: '*.conf' });
  assert.deepEqual(two.lines, ['a', 'b']);
  assert.deepEqual(two.texts, ['*.conf:1: WARNING, multiple configuration file matches of *.conf, starting with a.conf']);
});

test('endless expansions are stopped', () => {
  assert.match(run('include k.conf\na').texts[0]!, /'k.conf' includes itself/);
  assert.match(run({ 'k.conf': 'include a', a: 'include k.conf' }).texts[0]!, /includes itself/);
  assert.match(run('$A=$A\nx $A').texts[0]!, /grow without end/);
  assert.match(run('$A=1${A}\nx $A').texts[0]!, /grow without end/);
  assert.match(run('$B= \\\n x \\\n $B\n$B').texts.at(-1)!, /grow without end/);
  const billion = run('~SEQ(A,1,1000) ~SEQ(B,1,1000) ~SEQ(C,1,1000) @other x');
  assert.deepEqual(billion.texts, ['k.conf:1: The configuration comes to more than 2000000 lines - giving up']);
  const steps = /^k.conf:\d+: The configuration comes to more than 1073741824 steps - giving up$/;
  assert.match(run(`$A=1\n${`foo ${'${a'.repeat(19_000)}\${A}\n`.repeat(3)}`).texts.at(-1)!, steps);
  const many = { 'k.conf': 'include *', ...Object.fromEntries([...Array(40).keys()].map((n) => [`f${n}`, '#'.repeat(2 ** 23)])) };
  assert.match(run(many).texts.at(-1)!, /more than 268435456 characters - giving up/);
  assert.equal(billion.reported[0]?.severity, 'fatal');
});

test('every word knows where it was written', () => {
  const { pieces } = run('  a  "b c" {\n\t$P=x y\n z${P}w # c\n}\n~SEQ(N,2) n ${N} m');
  const words = pieces.flatMap((piece) => (piece.kind === 'line' ? splitWords(piece.line).words : []));
  assert.deepEqual(
    words.map(({ text, at }) => `${text} ${at.line}:${at.column}`),
    ['a 1:3', 'b c 1:6', 'zx 3:2', 'yw 3:3', 'n 5:11', '1 5:13', 'm 5:18', 'n 5:11', '2 5:13', 'm 5:18'],
  );
});

test('any text is accepted, and all places are in the text', () => {
  const bits = [
    '{',
    '}',
    '"',
    "'",
    '#',
    '!',
    '\\',
    '\n',
    ' ',
    '$',
    '${',
    '${A}',
    '$A',
    '$A=',
    '@',
    '@idx ',
    '~SEQ(A,1,3)',
    '~LST(A,1,2)',
    'include k.conf',
    'a',
    '(',
    ')',
    ',',
    '\0',
    '\r',
    'é',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...bits), { maxLength: 40 }), (parts) => {
      const text = parts.join('');
      const source = text.split('\n');
      for (const piece of run(text).pieces) {
        const at = piece.kind === 'line' ? originAt(piece.line, 0) : piece.at;
        assert.ok(at.line >= 1 && at.line <= source.length);
        assert.ok(at.column >= 1 && at.column <= source[at.line - 1]!.length + 1);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('text without syntax comes back unchanged', () => {
  const word = fc.stringMatching(/^[a-z0-9_.:/-]{1,8}$/).filter((text) => !text.startsWith('include'));
  fc.assert(
    fc.property(fc.array(fc.array(word, { minLength: 1, maxLength: 4 }), { maxLength: 10 }), (rows) => {
      const pieces = run(rows.map((row) => row.join('  ')).join('\n')).pieces;
      const read = pieces.map((piece) => (piece.kind === 'line' ? splitWords(piece.line).words : []));
      assert.deepEqual(
        read.map((words) => words.map(({ text }) => text)),
        rows,
      );
      for (const [index, words] of read.entries()) for (const { at } of words) assert.equal(at.line, index + 1);
    }),
  );
});
