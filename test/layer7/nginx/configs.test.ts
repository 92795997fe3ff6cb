// weir import nginx on files as operators have them: what comes of them is a weir.yaml without faults, and no word of them is lost silently. A word
// that neither the model nor a line depends on would be: so each one is taken out, and something of both must change.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { includedFiles } from '../../../src/cli/import/included-files.js';
import { lossText } from '../../../src/config/nginx/losses.js';
import { type Directive, type NginxFile, parseNginx, type ReadIncluded } from '../../../src/config/nginx/parse.js';
import { type Imported, importNginx } from '../../../src/config/nginx/to-model.js';
import { readWeirFile } from '../../../src/config/weir/read.js';
import { writeWeirFile } from '../../../src/config/weir/write.js';
import { isWeirError } from '../../../src/model/errors/weir-error.js';
import { templateText } from '../../../src/model/layer7/template.js';
import { read, root } from '../../support/project.js';

const FOLDER = 'test/layer7/nginx/configs';
const names = readdirSync(join(root, FOLDER)).filter((name) => name.endsWith('.conf'));

const importedFile = (name: string, change: (file: NginxFile) => NginxFile = (file) => file): Imported => {
  const path = join(root, FOLDER, name);
  const included = includedFiles(path);
  return importNginx(change({ file: path, text: read(`${FOLDER}/${name}`) }), (word, from) => included(word, from)?.map(change));
};

/** All that an operator sees of an import; of one that is refused the line. */
function outcome(name: string, change?: (file: NginxFile) => NginxFile): string {
  try {
    const { layer7, losses } = importedFile(name, change);
    return JSON.stringify([layer7, losses.map(lossText)]);
  } catch (error) {
    if (!isWeirError(error)) throw error;
    return error.message;
  }
}

/** The words of a line that ends with `;`. */
const WORD = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?:\\.|[^\s;])+/g;
/** Words that mean what is so without them; so does `off`. */
const MEANS_NOTHING = /^(?:_|""|'')$/;

interface Place {
  readonly file: string;
  readonly line: number;
}

/** What is carried or has a line of its own. In a block that is left out as a whole only the block has one. */
function* places(directives: readonly Directive[], lost: ReadonlySet<string>): Generator<Place> {
  for (const { at, block } of directives) {
    if (block === undefined) yield at;
    else if (!lost.has(`${at.file}:${at.line}`)) yield* places(block, lost);
  }
}

const withoutAt =
  ({ file, line }: Place, from: number, to: number) =>
  (read: NginxFile): NginxFile => {
    if (read.file !== file) return read;
    const lines = read.text.split('\n');
    const text = lines[line - 1] ?? '';
    return { file, text: lines.with(line - 1, text.slice(0, from) + text.slice(to)).join('\n') };
  };

/** Directives and words that nothing depends on. */
function silent(name: string): readonly string[] {
  const path = join(root, FOLDER, name);
  const whole = outcome(name);
  const lost = new Set(importedFile(name).losses.map(({ at }) => `${at.file}:${at.line}`));
  const included: ReadIncluded = includedFiles(path);
  const found: string[] = [];
  for (const place of places(parseNginx({ file: path, text: read(`${FOLDER}/${name}`) }, included), lost)) {
    const text = read(place.file.slice(root.length).replace(/^\//, '')).split('\n')[place.line - 1] ?? '';
    const words = [...text.matchAll(WORD)];
    for (const [index, word] of words.entries()) {
      const to = index === 0 ? text.length : word.index + word[0].length;
      if (word[0] === 'off' || MEANS_NOTHING.test(word[0]) || MEANS_NOTHING.test(words[1]?.[0] ?? '')) continue;
      if (outcome(name, withoutAt(place, word.index, to)) === whole) found.push(`${place.line}: ${text.trim()}: ${word[0]}`);
    }
  }
  return found;
}

for (const name of names)
  test(`${name}: a weir.yaml without faults, lines with their places, and no word without effect`, () => {
    const { text, losses } = importedFile(name);
    const { file, faults } = readWeirFile(text);
    assert.deepEqual(faults, []);
    assert.equal(writeWeirFile(file.layer7 ?? assert.fail('no layer7')), text);
    for (const { at, directive } of losses) {
      const line = read(at.file.slice(root.length).replace(/^\//, '')).split('\n')[at.line - 1] ?? '';
      assert.ok(line.includes(directive.split(' ')[0] ?? '?') || directive.startsWith('server '), `${at.line}: ${directive}`);
    }
    assert.deepEqual(silent(name), []);
  });

const lossesOf = (name: string, pattern: RegExp): readonly string[] =>
  importedFile(name)
    .losses.map((loss) => lossText(loss).replace(/^.*\/configs\//, ''))
    .filter((line) => pattern.test(line));

const OPEN =
  'it refuses no client here, so that what it protects is open to everyone: let the servers or the packet filter of the host do it';

test('what refused clients is refused, or has a line', () => {
  const statuses = (name: string): readonly (readonly [string, number])[] =>
    importedFile(name).layer7.hosts.flatMap(({ routes }) =>
      routes.flatMap(({ match: { path }, action }) =>
        action.kind === 'status' ? [[path.kind === 'expression' ? path.pattern : path.path, action.status] as const] : [],
      ),
    );
  assert.deepEqual(statuses('wordpress.conf'), [['/\\.ht', 403]]);
  assert.deepEqual(statuses('rate-limit.conf'), [
    ['/internal/', 404],
    ['/health', 200],
    ['/blocked', 444],
  ]);
  assert.deepEqual(lossesOf('rate-limit.conf', /refuses no client/), [
    `rate-limit.conf:35: refused: limit_except GET POST: ${OPEN}`,
    `rate-limit.conf:46: refused: allow 10.0.0.0/8: ${OPEN}`,
    `rate-limit.conf:47: refused: deny all: ${OPEN}`,
    `rate-limit.conf:48: refused: auth_basic Admin: ${OPEN}`,
  ]);
});

test('two upstreams whose names are one to weir.yaml stay two', () => {
  const { layer7, text } = importedFile('grpc.conf');
  assert.deepEqual(
    layer7.pools.map(({ name }) => name),
    ['grpc', 'grpc_web', 'grpc_web_2'],
  );
  assert.deepEqual(
    readWeirFile(text).file.layer7?.hosts[0]?.routes.map(({ action }) => (action.kind === 'pool' ? action.pool : action.kind)),
    ['grpc_web', 'grpc_web_2', 'status'],
  );
});

test('a server is the default of those of its listeners that its listen names, and its return comes before its locations', () => {
  const { layer7 } = importedFile('tls-redirect.conf');
  assert.deepEqual(
    layer7.hosts.map(({ label, listeners, defaultOn, routes }) => [label, listeners, defaultOn, routes.map(({ action }) => action.kind)]),
    [
      ['host 1', ['0.0.0.0_80', '___80'], ['0.0.0.0_80', '___80'], ['redirect']],
      ['shop.example', ['0.0.0.0_443'], ['0.0.0.0_443'], ['pool', 'redirect']],
      ['shop.example', ['0.0.0.0_80'], [], ['pool', 'redirect']],
      ['*.shop.example', ['0.0.0.0_443'], [], ['pool']],
    ],
  );
  const redirect = layer7.hosts[1]?.routes[1]?.action;
  assert.equal(redirect?.kind === 'redirect' && templateText(redirect.location), 'https://shop.example/new?${args}');
});

test('a field whose value is not carried is sent by no client either, and a field has one value', () => {
  const own = (name: string, host: number, route: number): readonly string[] =>
    importedFile(name).layer7.hosts[host]?.routes[route]?.proxying.requestFields.map(
      (edit) => `${edit.name}: ${templateText(edit.value)}`,
    ) ?? [];
  assert.ok(own('websocket.conf', 0, 0).includes('X-Request-ID: '));
  assert.ok(own('proxied.conf', 0, 0).includes('X-Real-IP: '));
  assert.deepEqual(
    importedFile('cache.conf').layer7.hosts[0]?.routes[0]?.proxying.responseFields.map((edit) => templateText(edit.value)),
    ['public'],
  );
  assert.equal(lossesOf('cache.conf', /immutable.*there is one of a name/).length, 1);
});

test('a file that is not there is named by the include that wants it', () => {
  const path = join(root, FOLDER, 'x.conf');
  assert.throws(
    () => importNginx({ file: path, text: 'events {}\nhttp {\n  include snippets/none.conf;\n}' }, includedFiles(path)),
    /x\.conf:3: include snippets\/none\.conf: there is no such file/,
  );
});
