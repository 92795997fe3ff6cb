// SSL_GET with `verify` against openssl s_server, with right certificates and with those that are wrong in one way each.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Authority, type CertificateFiles } from '../../../../test/support/certificates.js';
import { ip } from '../../../../test/support/ip.js';
import { noTools } from '../../../../test/support/probes.js';
import type { Attempt, Outcome } from '../../../control/check/messages.js';
import type { CertificateRules, SslContext } from '../../../model/keepalived/virtual-server.js';
import { openFds } from '../../../sys/fd.js';
import { systemAuthorities } from '../../../sys/files/authorities.js';
import { Attempts } from './attempts.js';
import { TlsContexts } from './tls-contexts.js';

const skip = noTools('openssl');
const OK = { kind: 'success', text: 'HTTP status code' } as const;
const HOST = 'www.example.org';

/** Attempts of one daemon, whose SSL block is this one. */
function daemon(ssl?: SslContext) {
  const logged: string[] = [];
  const contexts = new TlsContexts(
    () => ssl,
    (_, text) => logged.push(text),
  );
  const ask = (port: number, verify: CertificateRules | undefined, more: Partial<Attempt> = {}, check: object = {}): Promise<Outcome> =>
    new Promise((done) => {
      const attempts = new Attempts(
        { runScript: () => assert.fail('no script'), secureContext: (rules) => contexts.get(rules) },
        ([answered]) => done(answered?.outcome ?? assert.fail('no outcome')),
      );
      attempts.start({
        number: 1,
        checker: 0,
        check: {
          kind: 'ssl',
          urls: [{ path: '/', statusCodes: [{ from: 200, to: 299 }], tlsCompliant: false }],
          protocol: '1.0',
          fastRecovery: false,
          sni: false,
          tlsCompliant: false,
          ...(verify === undefined ? {} : { verify }),
          ...check,
        },
        target: { address: ip('127.0.0.1'), port },
        connectTimeoutUs: 5_000_000,
        intervalUs: 60_000_000,
        url: 0,
        hostName: 'lb1',
        ...more,
      });
    });
  return { ask, logged };
}

/** Runs `openssl s_server`, which answers each request with a page, while `work` lasts. */
async function serving<T>({ certificate, key }: CertificateFiles, more: readonly string[], work: (port: number) => Promise<T>): Promise<T> {
  const words = ['-accept', '127.0.0.1:0', '-www', '-cert', certificate, '-key', key, ...more];
  const server: ChildProcess = spawn('openssl', ['s_server', ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise((done) => server.once('exit', done));
  try {
    const port = await new Promise<number>((found, lost) => {
      let text = '';
      server.stdout?.on('data', (bytes: Buffer) => {
        text += bytes.toString();
        const listening = /ACCEPT .*:(\d+)/.exec(text)?.[1];
        if (listening !== undefined) found(Number(listening));
      });
      server.once('exit', () => lost(new Error(`s_server ended: ${text}`)));
    });
    return await work(port);
  } finally {
    server.kill();
    await ended;
  }
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-certificates-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const reasonIn = (outcome: Outcome): string => {
  assert.ok(outcome.kind === 'failure' && outcome.reason !== undefined, JSON.stringify(outcome));
  assert.equal(outcome.text, `SSL error (${outcome.reason}) connecting to`);
  return outcome.reason;
};

test('a certificate is right, or wrong in one way', { skip }, () =>
  withFolder(async (folder) => {
    const root = new Authority(join(folder, 'root'), 'Root');
    const other = new Authority(join(folder, 'other'), 'Other');
    const middleFiles = root.sign('Middle', { authority: true });
    const middle = new Authority(join(folder, 'middle'), 'Middle', middleFiles);
    const { ask } = daemon();
    const rules = { host: HOST, authorities: root.certificate };
    const right = root.sign('right', { names: `DNS:${HOST},IP:127.0.0.1` });
    await serving(right, [], async (port) => {
      assert.deepEqual(await ask(port, rules), OK);
      assert.deepEqual(await ask(port, { ...rules, host: '127.0.0.1' }), OK);
      assert.match(
        reasonIn(await ask(port, { ...rules, host: 'shop.example.org' })),
        /^certificate is not for 'shop\.example\.org' but for www\.example\.org, 127\.0\.0\.1$/,
      );
      assert.match(reasonIn(await ask(port, { ...rules, host: '127.0.0.2' })), /^certificate is not for '127\.0\.0\.2' but/);
      assert.match(
        reasonIn(await ask(port, { ...rules, authorities: other.certificate })),
        /^certificate is from 'Root', which is no known authority/,
      );
      assert.deepEqual(await ask(port, { host: 'anything.example', authorities: root.certificate }, {}, { verify: undefined }), OK, 'off');
    });
    const cases: readonly (readonly [CertificateFiles, RegExp])[] = [
      [root.sign('expired', { names: `DNS:${HOST}`, fromDays: -30, toDays: -1 }), /^certificate has expired on \d{4}-\d\d-\d\d$/],
      [root.sign('early', { names: `DNS:${HOST}`, fromDays: 1 }), /^certificate is not valid before \d{4}-\d\d-\d\d$/],
      [root.sign('client', { names: `DNS:${HOST}`, purpose: 'clientAuth' }), /^certificate is not one for servers$/],
      [new Authority(join(folder, 'self'), HOST), /^certificate is self-signed$/],
      [other.sign('foreign', { names: `DNS:${HOST}` }), /^certificate is from 'Other'/],
      [middle.sign('lonely', { names: `DNS:${HOST}` }), /^certificate is from 'Middle', .* does not send the one in between$/],
      [root.sign('unnamed'), /^certificate is not for 'www\.example\.org' but for unnamed$/],
    ];
    for (const [files, fault] of cases) await serving(files, [], async (port) => assert.match(reasonIn(await ask(port, rules)), fault));
    await serving(middle.sign('whole', { names: `DNS:${HOST}` }), ['-cert_chain', middle.certificate], async (port) =>
      assert.deepEqual(await ask(port, rules), OK),
    );
    await serving(root.sign('old', { names: `DNS:${HOST}`, toDays: 3.5 }), [], async (port) => {
      assert.match(
        JSON.stringify(await ask(port, { ...rules, warningDays: 10 })),
        /"warning":"certificate ends on \d{4}-\d\d-\d\d, in 3 days"/,
      );
      assert.deepEqual(await ask(port, { ...rules, warningDays: 3 }), OK);
    });
    assert.deepEqual(openFds(), []);
  }),
);

test('which name is wanted, and what a wildcard stands for', { skip }, () =>
  withFolder(async (folder) => {
    const root = new Authority(join(folder, 'root'), 'Root');
    const { ask } = daemon({ authorities: root.certificate });
    await serving(root.sign('wild', { names: 'DNS:*.example.org' }), [], async (port) => {
      for (const host of ['www.example.org', 'WWW.Example.org']) assert.deepEqual(await ask(port, { host }), OK, host);
      for (const host of ['example.org', 'a.b.example.org', 'www.example.com']) reasonIn(await ask(port, { host }));
      // No name is known: the chain and the dates alone.
      assert.deepEqual(await ask(port, {}), OK);
      // In this order: sni_name, the page's host, the check's, the real server's, the virtual server's; without its port.
      const bad = 'bad.example.com';
      const url = { path: '/', statusCodes: [{ from: 200, to: 299 }], tlsCompliant: false };
      const named = (check: object, more: Partial<Attempt>) => ask(port, {}, more, check);
      assert.deepEqual(await named({ sniName: 'a.example.org', virtualHost: bad }, {}), OK);
      assert.deepEqual(await named({ urls: [{ ...url, virtualHost: 'a.example.org:8443' }], virtualHost: bad }, { serverHost: bad }), OK);
      assert.deepEqual(await named({ virtualHost: 'a.example.org' }, { serverHost: bad, virtualHost: bad }), OK);
      assert.deepEqual(await named({}, { serverHost: 'a.example.org', virtualHost: bad }), OK);
      assert.match(
        reasonIn(await named({}, { virtualHost: 'bad.example.com:443' })),
        /^certificate is not for 'bad\.example\.com' but for \*\.example\.org$/,
      );
    });
  }),
);

test('authorities: of the check, of the SSL block, of the system; a file that changes or cannot be used', { skip }, () =>
  withFolder(async (folder) => {
    const root = new Authority(join(folder, 'root'), 'Root');
    const other = new Authority(join(folder, 'other'), 'Other');
    await serving(root.sign('right', { names: `DNS:${HOST}` }), [], async (port) => {
      assert.deepEqual(await daemon({ authorities: other.certificate }).ask(port, { authorities: root.certificate }), OK);
      if (systemAuthorities() !== undefined) reasonIn(await daemon().ask(port, {}));
      const file = join(folder, 'authorities.pem');
      const { ask, logged } = daemon();
      const rules = { authorities: file };
      const missing = await ask(port, rules);
      assert.ok(missing.kind === 'not-made');
      assert.match(missing.text, /^SSL_GET cannot verify: authorities \S+authorities\.pem: no such file or directory$/);
      writeFileSync(file, 'no certificate\n');
      assert.match(JSON.stringify(await ask(port, rules)), /"not-made","text":"SSL_GET cannot verify: authorities /);
      writeFileSync(file, readFileSync(other.certificate));
      reasonIn(await ask(port, rules));
      unlinkSync(file);
      writeFileSync(file, readFileSync(other.certificate, 'utf8') + readFileSync(root.certificate, 'utf8'));
      assert.deepEqual(await ask(port, rules), OK, 'both authorities of the new file count');
      assert.deepEqual(logged, []);
    });
    assert.deepEqual(openFds(), []);
  }),
);

test('a verified connection takes no anonymous cipher', { skip }, () =>
  withFolder(async (folder) => {
    const root = new Authority(join(folder, 'root'), 'Root');
    const { ask } = daemon({ authorities: root.certificate });
    const right = root.sign('right', { names: `DNS:${HOST}` });
    const weak = ['-tls1_2', '-cipher', 'aNULL:@SECLEVEL=0'];
    await serving(right, weak, async (port) => {
      assert.deepEqual(await ask(port, undefined), OK);
      const outcome = await ask(port, { host: HOST });
      assert.ok(outcome.kind === 'failure');
      assert.equal(outcome.text, 'SSL handshake/communication error connecting to');
      assert.match(outcome.seen ?? '', /^[\w ]*handshake failure$/, 'without a file or an address in memory');
    });
  }),
);
