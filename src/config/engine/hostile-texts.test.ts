// Texts of a weir.yaml that are hostile to the configurations written from them: each stays one word of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { defaultClientLimits, defaultKeepAlive, defaultProxying, defaultServer } from '../../model/layer7/defaults.js';
import type { Layer7 } from '../../model/layer7/layer7.js';
import type { Route } from '../../model/layer7/route.js';
import { writeHaproxy } from '../haproxy/write-haproxy.js';
import { type Directive, parseNginx } from '../nginx/parse.js';
import { writeNginx } from '../nginx/write.js';
import { readWeirFile } from '../weir/read.js';
import type { EngineOptions } from './engine-options.js';

interface Texts {
  /** In anything that is a text. */
  readonly text: string;
  /** In the names of fields. */
  readonly name: string;
}

const options = ({ text }: Texts): EngineOptions => ({
  folder: `/run/${text}`,
  workers: 1,
  log: `/log/${text}`,
  certificates: { web: [{ file: `/${text}`, keyFile: `/${text}`, chain: '', key: '', names: ['a'], keyType: 'rsa' }] },
  orders: [],
  bindingId: () => text,
});

function modelOf({ text, name }: Texts): Layer7 {
  const template = [{ kind: 'text', text }] as const;
  const match = { kind: 'exact', text } as const;
  const proxying = {
    ...defaultProxying,
    requestFields: [{ name, value: template }],
    responseFields: [{ name, value: template }],
    hiddenFields: [name],
  };
  const none = { methods: [], fields: [], cookies: [] };
  const conditions = { methods: ['GET'], fields: [{ name, value: match }], cookies: [{ name, value: match }], sni: match };
  const pool = { kind: 'pool', pool: 'p', replacePrefix: `/${text}/` } as const;
  const routes: readonly Route[] = [
    { match: { path: { kind: 'prefix', path: `/a${text}z`, beforeExpressions: false }, ...none }, action: pool, proxying },
    { match: { path: { kind: 'prefix', path: '/', beforeExpressions: false }, ...conditions }, action: pool, proxying },
    {
      match: { path: { kind: 'exact', path: `/b${text}z` }, ...none },
      action: { kind: 'redirect', status: 302, location: template },
      proxying,
    },
    {
      match: { path: { kind: 'expression', pattern: text, ignoreCase: false }, ...none },
      action: { kind: 'status', status: 200, body: template },
      proxying,
    },
  ];
  const address = { family: 'inet', words: [0x7f000001] } as const;
  return {
    listeners: [{ name: 'web', address, port: 80, proxyFrom: [], tls: { certificates: [], minVersion: 'TLSv1.2', http2: true } }],
    pools: [
      {
        name: 'p',
        balance: { kind: 'hash', key: template, consistent: false },
        keepAlive: defaultKeepAlive,
        servers: [{ ...defaultServer, name: '127.0.0.1:1', address, port: 1 }],
        persistence: { kind: 'field', name },
      },
    ],
    hosts: [
      { label: 'h', names: [{ kind: 'expression', pattern: text, ignoreCase: true }], listeners: ['web'], defaultOn: ['web'], routes },
      { label: 'i', names: [], listeners: ['web'], defaultOn: [], routes },
    ],
    limits: defaultClientLimits,
  } as Layer7;
}

const namesOf = (list: readonly Directive[]): readonly unknown[] =>
  list.map(({ name, args, block }) => [name, args.length, block === undefined ? [] : namesOf(block)]);

/** What nginx reads, without its words. */
const nginxShape = (texts: Texts): readonly unknown[] =>
  namesOf(parseNginx({ file: 'n', text: writeNginx(modelOf(texts), options(texts)).text }, () => []));

/** How many words HAProxy reads on each line. */
function haproxyShape(texts: Texts): readonly number[] {
  const { text } = writeHaproxy(modelOf(texts), options(texts));
  return text.split('\n').map((line) => {
    let [words, isIn, at] = [0, false, 0];
    while (at < line.length) {
      const char = line[at];
      if (char === '#' && !isIn) break;
      if (char === ' ') isIn = false;
      else if (!isIn) [words, isIn] = [words + 1, true];
      if (char === "'") {
        const end = line.indexOf("'", at + 1);
        assert.ok(end > 0, `a quote without its end: ${line}`);
        at = end;
      } else if (char === '\\') at++;
      else assert.ok(char !== '"' && char !== '$', `${char} outside quotes: ${line}`);
      at++;
    }
    return words;
  });
}

const plain: Texts = { text: 'x', name: 'x' };
const texts: fc.Arbitrary<Texts> = fc.record({
  text: fc.string({ unit: fc.constantFrom(...`x"'\\;{}#% \n\t[](),%*~/`), minLength: 1, maxLength: 12 }),
  name: fc.string({ unit: fc.constantFrom(..."x!#$%&'*+.^_`|~-"), minLength: 1, maxLength: 8 }),
});

test('whatever the texts are, the engines read as many directives and words', () => {
  const [nginx, haproxy] = [nginxShape(plain), haproxyShape(plain)];
  fc.assert(
    fc.property(texts, (hostile) => {
      assert.deepEqual(nginxShape(hostile), nginx);
      assert.deepEqual(haproxyShape(hostile), haproxy);
    }),
    { numRuns: 500 },
  );
});

test('a replaced prefix is a path', () => {
  const faultsOf = (prefix: string): number => {
    const location = `{ location: /a/, pool: p, replace_prefix: ${JSON.stringify(prefix)} }`;
    const file = `layer7: { listeners: { w: "127.0.0.1:80" }, pools: { p: { servers: "127.0.0.1:81" } }, hosts: [{ locations: [${location}] }] }`;
    return readWeirFile(file).faults.length;
  };
  assert.equal(faultsOf('/b/%20c;d'), 0);
  for (const prefix of ['', 'b', '/a b', '/; } location /etc/ { root /; }', '/a\r\nX: y', '/\u00e4', '/\0'])
    assert.equal(faultsOf(prefix), 1, prefix);
});

test('an answer that has no body is given none', () => {
  const faultsOf = (answer: string): readonly unknown[] =>
    readWeirFile(`layer7: { listeners: { w: "127.0.0.1:80" }, hosts: [{ locations: [{ location: /, return: ${answer} }] }] }`).faults;
  for (const status of [204, 205, 304]) {
    assert.equal(faultsOf(`{ status: ${status}, body: x }`).length, 1, String(status));
    assert.deepEqual(faultsOf(`{ status: ${status} }`), []);
  }
});
