// weir import nginx: what nginx accepts becomes a weir.yaml that weir reads as the same, and each directive that is lost has its line.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { commands } from '../../../src/cli/commands.js';
import { lossText } from '../../../src/config/nginx/losses.js';
import { importNginx } from '../../../src/config/nginx/to-model.js';
import { readWeirFile } from '../../../src/config/weir/read.js';
import { writeWeirFile } from '../../../src/config/weir/write.js';
import { isWeirError } from '../../../src/model/errors/weir-error.js';
import { templateText } from '../../../src/model/layer7/template.js';
import { read, root } from '../../support/project.js';
import fc from '../../support/properties.js';

const EXAMPLE = 'examples/layer7/nginx/nginx.conf';

/** The command with its output. */
async function weirImport(...args: readonly string[]): Promise<{ readonly status: number; readonly out: string; readonly err: string }> {
  const { run } = (await commands.find(({ name }) => name === 'import')?.load()) ?? assert.fail('no command');
  const [out, err]: [string[], string[]] = [[], []];
  const io = {
    out: (text: string) => out.push(text),
    err: (text: string) => err.push(text),
    read: () => undefined,
    flush: () => undefined,
  };
  return { status: await run(args, io), out: out.join(''), err: err.join('') };
}

const imported = (text: string) => importNginx({ file: 'n', text }, () => undefined);
const server = (text: string): string => `events {}\nhttp {\nserver {\nlisten 127.0.0.1:8080;\n${text}\n}\n}\n`;
const LEFT_OUT = 'its requests go to the next location that matches, or get 404';
const lossesOf = (text: string): readonly string[] => imported(text).losses.map(lossText);

test('nginx accepts the example; its losses are these, and nothing else is lost', async () => {
  const checked = spawnSync('nginx', ['-t', '-q', '-p', '/tmp', '-c', join(root, EXAMPLE)], { encoding: 'utf8' });
  assert.equal(checked.status, 0, checked.stderr);
  const { status, out, err } = await weirImport('nginx', join(root, EXAMPLE));
  assert.equal(status, 3);
  assert.deepEqual(
    err.split('\n').map((line) => line.replace(/^.*nginx\.conf:/, '')),
    [
      '36: approximated: proxy_http_version 1.1: the proxy speaks HTTP/1.1 to servers',
      '41: lost: location /files/: it has neither proxy_pass nor return: its requests go to the next location that matches, or get 404',
      '42: lost: root /srv: the proxy serves no files',
      '',
    ],
  );
  const { file, faults } = readWeirFile(out);
  assert.deepEqual(faults, []);
  const { layer7 } = file;
  assert.deepEqual(
    layer7?.pools.map(
      ({ name, balance, servers, keepAlive }) =>
        `${name} ${balance.kind} ${servers.map((one) => `${one.name}*${one.weight}`).join(' ')} ${keepAlive.connections}`,
    ),
    [
      'business_a round_robin 127.0.0.1:9001*3 127.0.0.1:9002*1 127.0.0.1:9009*1 16',
      'business_b hash 127.0.0.1:9001*1 127.0.0.1:9002*1 32',
      'chat ip_hash 127.0.0.1:9004*1 127.0.0.1:9005*1 32',
      '127.0.0.1_9003 round_robin 127.0.0.1:9003*1 32',
    ],
  );
  const [shop] = layer7?.hosts ?? [];
  assert.deepEqual(
    shop?.routes[1]?.proxying.requestFields.map(({ name, value }) => `${name}: ${templateText(value)}`),
    ['Host: business_b', 'X-Forwarded-For: ${http_x_forwarded_for}', 'X-Forwarded-Proto: ${http_x_forwarded_proto}'],
  );
  assert.deepEqual(shop?.routes.map(({ proxying }) => [proxying.timeouts.connectUs, proxying.bodyMaxBytes])[0], [2e6, 8 * 2 ** 20]);
});

test('each thing that cannot be carried is a line with its reason', () => {
  const lines = lossesOf(
    server(`
location / { proxy_pass https://10.0.0.1; }
location /a { proxy_pass http://$host; }
location ~ (a)\\1 { proxy_pass http://10.0.0.1; }
location @x { return 404; }
location /b { proxy_pass http://backend.example; rewrite ^ /x; }
location /c { proxy_pass http://10.0.0.1; proxy_set_header X $nonsense; limit_req zone=a; }
location /d { proxy_pass http://10.0.0.1; proxy_set_header Content-Length ""; proxy_set_header Connection ""; add_header TE trailers; }
listen 443 ssl;
listen unix:/x;
ssl_certificate x;
frobnicate 1;`),
  );
  assert.deepEqual(
    lines.map((line) => line.slice(2)),
    [
      "1: equivalent: events: it is about nginx's own processes, files or logs",
      '6: lost: proxy_pass https://10.0.0.1: the proxy speaks HTTP to servers, without TLS',
      `6: lost: location /: ${LEFT_OUT}`,
      '7: lost: proxy_pass http://$host: variables in proxy_pass are not carried',
      `7: lost: location /a: ${LEFT_OUT}`,
      `8: lost: location ~ (a)\\1: a back reference at character 4: ${LEFT_OUT}`,
      '9: lost: location @x: only locations of paths and expressions are carried',
      '10: lost: server backend.example: names are not looked up: write the addresses of the server',
      '10: lost: proxy_pass http://backend.example: none of its servers could be carried',
      '10: lost: rewrite ^ /x: it cannot be carried: what is served here is served with the path of the request, not rewritten',
      `10: lost: location /b: ${LEFT_OUT}`,
      '11: lost: proxy_set_header X $nonsense: there is no variable $nonsense: servers get no such field, of no client either',
      '11: lost: limit_req zone=a: no client is limited by it here',
      '12: lost: proxy_set_header Content-Length : the proxy makes this field itself',
      '12: equivalent: proxy_set_header Connection : not needed: the proxy passes upgrades on by itself',
      '12: lost: add_header TE trailers: the proxy makes this field itself',
      '13: lost: listen 443 ssl: its server has no ssl_certificate with its ssl_certificate_key',
      '14: lost: listen unix:/x: a listener has an address and a port',
      '15: lost: ssl_certificate x: it has no ssl_certificate_key',
      '16: lost: frobnicate 1: weir has nothing for it',
    ],
  );
});

test('certificates of servers become those of the listener, the default one first', () => {
  const { layer7, losses } = imported(`events {}
http {
ssl_protocols TLSv1 TLSv1.2;
server { listen 192.0.2.1:443 ssl; server_name a; ssl_certificate a.pem; ssl_certificate_key a.key; return 204; }
server { listen 192.0.2.1:443 ssl http2 default_server; ssl_certificate /b.pem; ssl_certificate_key /b.key; ssl_ciphers X; return 204; }
server { listen 192.0.2.1:80; return 301 https://$host$request_uri; }
}`);
  assert.deepEqual(
    layer7.listeners.map(({ tls }) => tls),
    [
      {
        certificates: [
          { chain: '/b.pem', key: '/b.key' },
          { chain: '/etc/nginx/a.pem', key: '/etc/nginx/a.key' },
        ],
        minVersion: 'TLSv1.2',
        http2: true,
      },
      undefined,
    ],
  );
  assert.deepEqual(losses.map(lossText).slice(1), [
    'n:3: lost: ssl_protocols TLSv1 TLSv1.2: TLSv1 is not carried',
    'n:5: approximated: listen 192.0.2.1:443 ssl http2 default_server: HTTP/2 is kept for weir engine; weir proxy has HTTP/1.1 alone',
    'n:5: approximated: ssl_ciphers X: TLS has settings of its own: certificates and the oldest version',
  ]);
});

test('what keeps clients out is refused, and written with --lossy alone; what neither clients nor servers see is no loss', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-nginx-'));
  const file = join(folder, 'nginx.conf');
  const pass = 'proxy_pass http://10.0.0.1:80;';
  for (const one of ['allow 10.0.0.0/8;', 'auth_basic x;', 'limit_except GET { deny all; }', 'satisfy any;', 'valid_referers none;']) {
    writeFileSync(file, server(`location / { ${pass} ${one} }`));
    const { status, out, err } = await weirImport('nginx', file);
    assert.deepEqual([status, out], [3, ''], one);
    assert.match(err, /nginx\.conf:5: refused: .* open to everyone[\s\S]*nothing is written/);
    assert.match((await weirImport('nginx', '--lossy', file)).out, /10\.0\.0\.1/);
  }
  writeFileSync(file, `worker_processes 1;\n${server(`location / { ${pass} auth_basic off; }`)}`);
  const { status, out, err } = await weirImport('nginx', file);
  assert.deepEqual([status, err], [0, '']);
  assert.match(out, /10\.0\.0\.1/);
  assert.match((await weirImport('nginx', '--all', file)).err, /nginx\.conf:1: equivalent: worker_processes 1/);
  rmSync(folder, { recursive: true });
});

test('what is wrong for nginx is refused with its place', () => {
  const wrong = {
    a: /n:1: a has no ; behind it/,
    'http {': /n:1: the block of http has no }/,
    'a;}': /n:1: unexpected }/,
    ';': /unexpected ;/,
    "a 'x": /n:1: a ' without its end/,
    'a "b"c;': /unexpected c/,
    'include x;': /there is no such file/,
    'events {}': /no server whose listen/,
  };
  for (const [text, message] of Object.entries(wrong)) assert.throws(() => imported(text), message, text);
  assert.throws(() => imported(`${'a {'.repeat(10_000)}`), /50 deep/);
  assert.throws(() => importNginx({ file: 'n', text: 'include n;' }, () => [{ file: 'n', text: 'include n;' }]), /include each other/);
});

test('words, quotes and variables as nginx reads them', () => {
  const { layer7, losses } = imported(
    server(`location / { proxy_pass http://10.0.0.1; proxy_set_header X "a \\"b\\" \${host};"; add_header Y 'c{d}' ; } # x {`),
  );
  assert.deepEqual(
    losses.map(({ directive }) => directive),
    ['events', 'add_header Y c{d}'],
  );
  const [route] = layer7.hosts[0]?.routes ?? [];
  assert.equal(templateText(route?.proxying.requestFields.at(-1)?.value ?? []), 'a "b" ${host};');
  assert.equal(templateText(route?.proxying.responseFields[0]?.value ?? []), 'c{d}');
});

test('spoilt files are imported, and then written and read as the same, or refused by a code', () => {
  const text = read(EXAMPLE).replace('include upstreams.conf;', read('examples/layer7/nginx/upstreams.conf'));
  fc.assert(
    fc.property(
      fc.nat(text.length),
      fc.nat(12),
      fc.string({ unit: fc.constantFrom(...'{};"\'$ ~^*/\\a1'), maxLength: 4 }),
      (at, length, spoil) => {
        try {
          const { layer7 } = imported(text.slice(0, at) + spoil + text.slice(at + length));
          const again = readWeirFile(writeWeirFile(layer7));
          assert.deepEqual(again.faults, []);
        } catch (error) {
          if (!isWeirError(error)) throw error;
        }
      },
    ),
    { numRuns: 200 },
  );
});
