// SSL_GET with `verify` in the daemon: a server whose certificate is wrong leaves the table, with the reason wherever people look for it.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, unlinkSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Authority } from '../support/certificates.js';
import { HealthCheckBed, TIMING, VIP, WEB_ADDRESSES, type Web } from '../support/health-check-bed.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';

const skip = noNamespaces() || noTools('openssl');

const DIRECTOR = '10.98.0.1';
const PORTS: Readonly<Record<Web, number>> = { web1: 8441, web2: 8442 };

let bed: HealthCheckBed;

before(() => {
  if (skip === false) bed = new HealthCheckBed('ct');
});
after(async () => {
  if (skip === false) await bed.close();
});

const real = (web: Web, own: string): string =>
  `real_server ${WEB_ADDRESSES[web]} 443 {\nSSL_GET {\nurl {\npath /\n}\nvirtualhost www.example.org\n${own}\nconnect_ip ${DIRECTOR}\nconnect_port ${PORTS[web]}\n${TIMING}\n}\n}\n`;
const conf = (own: string): string =>
  `virtual_server ${VIP} 443 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n${real('web1', own)}${real('web2', own)}}\n`;

test('an expired certificate takes a server out; authorities that are gone take none', { skip }, async () => {
  const root = new Authority(bed.file('root'), 'Root');
  const authorities = bed.file('authorities.pem');
  copyFileSync(root.certificate, authorities);
  const names = 'DNS:www.example.org';
  const files = {
    web1: root.sign('web1', { names, toDays: 5.5 }),
    web2: root.sign('web2', { names, fromDays: -30, toDays: -1 }),
  };
  for (const web of ['web1', 'web2'] as const) {
    const { certificate, key } = files[web];
    const server = `exec openssl s_server -accept ${DIRECTOR}:${PORTS[web]} -www -cert ${certificate} -key ${key} 2>/dev/null`;
    await bed.serveOnDirector(['sh', '-c', server]);
  }
  const daemon = bed.start(conf('verify off'));
  await daemon.logged(/^Startup complete$/);
  for (const web of ['web1', 'web2'] as const) await daemon.logged(new RegExp(`^Remote Web server .*${WEB_ADDRESSES[web]}.* succeed`));
  assert.deepEqual(bed.servers(), ['web1 1', 'web2 1'], 'any certificate will do');

  const reload = async (own: string): Promise<number> => {
    const from = daemon.lines.length;
    bed.configure(conf(own));
    daemon.signal('SIGHUP');
    await daemon.logged(/^Reload complete$/, from);
    return from;
  };
  const reason = /certificate has expired on \d{4}-\d\d-\d\d/;
  const from = await reload(`verify\nverify_ca ${authorities}\nverify_warning 10`);
  const line = await daemon.logged(/^HTTP_CHECK on service .* failed/, from);
  assert.match(line, new RegExp(`^HTTP_CHECK on service \\[10\\.98\\.0\\.12\\]:tcp:443 failed after 1 retries: ${reason.source}\\.$`));
  await daemon.logged(/^Removing service /, from);
  await daemon.until('web2 to leave the table', () => JSON.stringify(bed.servers()) === '["web1 1"]');
  assert.match(
    await daemon.logged(/^SSL_GET of service \[10\.98\.0\.11\]/, from),
    /10\.98\.0\.11\]:tcp:443: certificate ends on \d{4}-\d\d-\d\d, in 5 days\.$/,
  );
  const shown = new RegExp(`SSL_GET ${reason.source}`);
  await daemon.until('weir status to show the reason', () => shown.test(bed.director.weir('status').stdout));
  daemon.signal('SIGUSR1');
  const dump = bed.file('keepalived_check.data');
  await daemon.until('the dump', () => existsSync(dump) && reason.test(readFileSync(dump, 'utf8')));
  const asked = ` -> [${DIRECTOR}]:tcp:${PORTS.web2}\n`;
  assert.match(readFileSync(dump, 'utf8').split(asked)[1] ?? '', new RegExp(`^ [^>]*Last failure = ${reason.source}\\n`));

  const gone = daemon.lines.length;
  unlinkSync(authorities);
  await daemon.logged(/^SSL_GET cannot verify: authorities \S+authorities\.pem: no such file or directory$/, gone);
  await new Promise((done) => setTimeout(done, 2500));
  assert.deepEqual(bed.servers(), ['web1 1'], 'neither out nor in');
  assert.equal(await daemon.stop(), 0);
});
