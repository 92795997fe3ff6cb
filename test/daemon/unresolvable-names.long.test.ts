// Names where an address must stand, and a relay whose name resolves, or not: each trouble is logged once, mails are sent when the name
// resolves, no reload takes a server out for a name, and the table follows the servers meanwhile.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { HealthCheckBed, TIMING, VIP, WEB_ADDRESSES, type Web } from '../support/health-check-bed.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import type { RunningDaemon } from '../support/running-daemon.js';

const skip = noNamespaces() || noTools('nginx', 'curl');

const RELAY = 'relay.example.org';
const tcp = (own = ''): string => `TCP_CHECK {\nconnect_timeout 10\n${TIMING}\n${own}}\n`;
const real = (address: string, check: string): string => `real_server ${address} 80 {\nweight 1\n${check}}\n`;
const GLOBALS = `global_defs {
  notification_email { ops@example.org }
  notification_email_from a@example.org
  smtp_server ${RELAY} 2525
  smtp_connect_timeout 1
}
`;
const conf = (web1: string, ...others: readonly string[]): string =>
  `${GLOBALS}virtual_server ${VIP} 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n${[web1, ...others].join('')}}\n`;
const WEB1 = real(WEB_ADDRESSES.web1, tcp());
const WEB2 = real(WEB_ADDRESSES.web2, tcp('connect_ip web2.invalid\nbindto director.invalid\n'));

let bed: HealthCheckBed;
let daemon: RunningDaemon | undefined;

before(async () => {
  if (skip !== false) return;
  bed = new HealthCheckBed('un');
  for (const web of ['web1', 'web2'] as const) await bed.startWeb(web);
});
afterEach(async () => {
  await daemon?.stop();
  daemon = undefined;
});
after(async () => {
  if (skip === false) await bed.close();
});

/** A relay on the director that takes every mail; `taken`: their subjects. */
async function relay(): Promise<() => readonly string[]> {
  const file = bed.file('mails');
  writeFileSync(file, '');
  const script = `const { createServer } = require('node:net');
const { appendFileSync } = require('node:fs');
createServer((socket) => {
  let data = false;
  socket.on('error', () => {});
  socket.write('220 relay\\r\\n');
  socket.setEncoding('utf8').on('data', (text) => {
    for (const line of text.split('\\r\\n').slice(0, -1)) {
      if (line.startsWith('Subject: ')) appendFileSync(${JSON.stringify(file)}, line + '\\n');
      if (data && line !== '.') continue;
      const starts = line === 'DATA';
      data = starts;
      socket.write(starts ? '354 go on\\r\\n' : line === 'QUIT' ? '221 bye\\r\\n' : '250 ok\\r\\n');
    }
  });
}).listen(2525, '10.98.0.1', () => console.log('ready'));`;
  await bed.serveOnDirector([process.execPath, '-e', script]);
  return () => readFileSync(file, 'utf8').split('\n').filter(Boolean);
}

/** The daemon has a hosts file of its own, and a name server that does not answer. */
function start(text: string): { readonly running: RunningDaemon; readonly hosts: (...lines: readonly string[]) => void } {
  const [hostsFile, resolvFile] = [bed.file('hosts'), bed.file('resolv.conf')];
  const hosts = (...lines: readonly string[]): void =>
    writeFileSync(hostsFile, ['127.0.0.1 localhost', ...lines].map((line) => `${line}\n`).join(''));
  hosts();
  writeFileSync(resolvFile, 'nameserver 10.98.0.99\n');
  const running = bed.start(text, `mount --bind ${hostsFile} /etc/hosts && mount --bind ${resolvFile} "$(readlink -f /etc/resolv.conf)"`);
  daemon = running;
  return { running, hosts };
}

async function flap(running: RunningDaemon, web: Web): Promise<void> {
  await bed.stopWeb(web);
  await bed.serves(running, ...(['web1', 'web2'] as const).filter((one) => one !== web).map((one) => `${one} 1`));
  await bed.startWeb(web);
  await bed.serves(running, 'web1 1', 'web2 1');
}

test('a daemon starts with names that do not resolve, and serves and checks what has an address', { skip }, async () => {
  const { running } = start(
    `${conf(WEB1, WEB2, real('web3.invalid', tcp()))}virtual_server www.invalid 80 {\nprotocol TCP\n${real(WEB_ADDRESSES.web1, tcp())}}\n`,
  );
  await running.logged(/^Startup complete$/);
  await bed.serves(running, 'web1 1', 'web2 1');
  for (const text of [
    'Invalid real server ip address/port web3.invalid/80 - skipping',
    'Invalid virtual server IP address/port www.invalid/80 - skipping',
    'Invalid connect_ip address web2.invalid - ignoring',
    'Invalid bindto address director.invalid - ignoring',
  ])
    assert.equal(running.lines.filter((line) => line.includes(text)).length, 1, `${text}\n${running.lines.join('\n')}`);
  await flap(running, 'web2');
  assert.equal(await running.stop(), 0);
});

test('the name of a relay resolves late, no longer, and again: logged once each, and every mail is sent', { skip }, async () => {
  const taken = await relay();
  const { running, hosts } = start(conf(WEB1, real(WEB_ADDRESSES.web2, tcp())));
  await running.logged(/^Startup complete$/);
  await bed.serves(running, 'web1 1', 'web2 1');
  await flap(running, 'web2');
  await flap(running, 'web1');
  const without = /^Mail was not sent: SMTP server relay\.example\.org port 2525: its name does not resolve$/;
  await running.until('the trouble', () => running.count(without) === 1);
  hosts(`10.98.0.1 ${RELAY}`);
  await running.until('four mails', () => taken().length === 4);
  await running.until('the end of the trouble', () => running.count(/^Mails are taken again$/) === 1);
  hosts();
  await flap(running, 'web2');
  await running.until('the trouble again', () => running.count(without) === 2);
  hosts(`10.98.0.1 ${RELAY}`);
  await running.until('all mails', () => taken().length === 6);
  await running.until('its end', () => running.count(/^Mails are taken again$/) === 2);
  assert.equal(running.count(/^Mail/), 4, running.lines.join('\n'));
});

test('a reload that puts names in the place of addresses is refused, and takes nothing away', { skip }, async () => {
  const { running } = start(conf(WEB1, real(WEB_ADDRESSES.web2, tcp())));
  await running.logged(/^Startup complete$/);
  await bed.serves(running, 'web1 1', 'web2 1');
  for (const [text, lost] of [
    [conf(real('web1.invalid', tcp()), real(WEB_ADDRESSES.web2, tcp())), '[10.98.0.11]:tcp:80 of [10.99.0.100]:tcp:80'],
    [conf(WEB1, real(WEB_ADDRESSES.web2, tcp())).replace(VIP, 'www.invalid'), 'virtual server [10.99.0.100]:tcp:80'],
  ] as const) {
    bed.configure(text);
    const from = running.lines.length;
    running.signal('SIGHUP');
    const line = await running.logged(/^Reload refused: /, from);
    assert.ok(line.includes(`would give up ${lost} (`), running.lines.slice(from).join('\n'));
    assert.deepEqual(bed.servers(), ['web1 1', 'web2 1']);
  }
  await flap(running, 'web1');
});
