// weir doctor on nodes of VRRP: adverts that it receives, rules that block adverts, and that each fix works. The kernel's own counters
// confirm each finding.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Bed, type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools, notWorking } from '../support/probes.js';
import { type SentAdvert, sendAdverts } from './advert-sender.js';
import { firewalld, ufw } from './firewall-shapes.js';
import { codes, examineMeanwhile, type Verdict } from './verdict.js';

const on = { skip: noNamespaces() };
const bed = new Bed();
const folder = mkdtempSync(join(tmpdir(), 'weir-doctor-'));
const file = join(folder, 'keepalived.conf');
let here: Host;
let there: Host;

const instance = (name: string, vrid: number, vip: string, more = ''): string =>
  `vrrp_instance ${name} {\n interface v0\n virtual_router_id ${vrid}\n priority 90\n ${more}\n virtual_ipaddress {\n  ${vip}\n }\n}\n`;
const configure = (...instances: readonly string[]): void => writeFileSync(file, instances.join(''));
/** Longer than this process, which sends the adverts, may stand still on a busy machine. */
const ADVERTS_S = 2;
const examine = (seconds = ADVERTS_S): Promise<Verdict> => examineMeanwhile(here, `--keepalived ${file} --wait ${seconds}`);
const textsOf = ({ findings }: Verdict): readonly string[] => findings.map(({ code, what, cause }) => `${code} ${what}: ${cause}`);

/** Runs while the other node sends these. */
async function beside<T>(adverts: readonly SentAdvert[], work: () => Promise<T>): Promise<T> {
  const stop = sendAdverts(there, 'v0', adverts);
  try {
    return await work();
  } finally {
    stop();
  }
}

function applyFixes({ findings }: Verdict): void {
  for (const { fix: command } of findings) {
    const { status, stderr } = here.run(['sh', '-c', command ?? '']);
    assert.equal(status, 0, `${command}: ${stderr}`);
  }
}

before(() => {
  if (on.skip) return;
  here = bed.host('here');
  there = bed.host('there');
  here.ip(`link add v0 type veth peer name v0 netns ${there.namespace}`);
  for (const [host, number] of [
    [here, 1],
    [there, 2],
  ] as const) {
    host.ip('link set v0 up');
    for (const address of [`10.98.0.${number}/24`, `fe80::${number}/64`, `fd00:98::${number}/64`]) {
      host.ip(`addr add ${address} dev v0${address.includes(':') ? ' nodad' : ''}`);
    }
  }
  // Only as a member of the group does the kernel accept the adverts and pass them to the filters.
  here.ip('addr add 224.0.0.18/32 dev v0 autojoin');
  here.ip('addr add ff02::12/128 dev v0 autojoin');
});
after(() => {
  bed.close();
  rmSync(folder, { recursive: true, force: true });
});

test('adverts that do not match: password, interval, version, VRID, addresses; IPv6 too', on, async () => {
  const pass = 'authentication {\n auth_type PASS\n auth_pass 1111\n }';
  configure(
    instance('fine', 50, '10.98.0.50'),
    instance('password', 51, '10.98.0.51', pass),
    instance('interval', 52, '10.98.0.52'),
    instance('version', 53, '10.98.0.53'),
    instance('number', 54, '10.98.0.54'),
    instance('fine6', 50, 'fd00:98::50', 'advert_int 1'),
    instance('list6', 61, 'fd00:98::61'),
    instance('pair6', 62, 'fd00:98::62'),
  );
  const from = '10.98.0.2';
  const verdict = await beside(
    [
      { from, vips: ['10.98.0.50'] },
      { from, vrid: 51, vips: ['10.98.0.51'], authType: 1, authData: Buffer.from('2222') },
      { from, vrid: 52, vips: ['10.98.0.52'], interval: 3 },
      { from, vrid: 53, vips: ['10.98.0.53'], version: 3 },
      { from, vrid: 154, vips: ['10.98.0.54'] },
      { from: 'fe80::2', vips: ['fd00:98::50'] },
      { from: 'fe80::2', vrid: 61, vips: ['fd00:98::61', 'fd00:98::161'] },
      { from: 'fe80::2', vrid: 62, vips: ['fd00:98::262'] },
    ],
    () => examine(),
  );
  assert.equal(verdict.status, 1);
  const text = textsOf(verdict).join('\n');
  for (const [code, name, words] of [
    ['vrrp-peer-differs', 'password', 'auth_pass differs'],
    ['vrrp-peer-differs', 'interval', 'advert_int is 3 there and 1 here'],
    ['vrrp-peer-differs', 'version', 'vrrp_version is 3 there and 2 here'],
    ['vrrp-peer-differs', 'list6', 'virtual_ipaddress is fd00:98::61, fd00:98::161 there and fd00:98::61 here'],
    ['vrrp-vrid-shared', '', 'pair6 has that VRID and other addresses'],
    ['vrrp-other-vrid', 'number', 'number has VRID 54'],
  ] as const) {
    assert.match(text, new RegExp(`^${code} .*${name}.*${words}`, 'm'));
  }
  assert.equal(verdict.findings.length, 6, text);
  assert.ok(!text.includes('fine'), text);
});

test('a VIP of IPv6 that is here and there: the other host is named', on, async () => {
  configure(instance('split6', 60, 'fd00:98::60'));
  for (const host of [here, there]) host.ip('addr add fd00:98::60/64 dev v0 nodad');
  const mac = /link\/ether (\S+)/.exec(there.ip('link show v0'))?.[1];
  const verdict = await beside([{ from: 'fe80::2', vrid: 60, vips: ['fd00:98::60'] }], () => examine());
  assert.deepEqual(codes(verdict), ['vrrp-split-brain']);
  assert.equal(verdict.findings[0]?.what, `fd00:98::60 (split6, VRID 60) is here and fe80::2 (${mac}) answers for it, too, on v0`);
  there.ip('addr del fd00:98::60/64 dev v0');
  assert.deepEqual(codes(await examine()), []);
  here.ip('addr del fd00:98::60/64 dev v0');
});

const pair = (): void => configure(instance('four', 50, '10.98.0.50'), instance('six', 50, 'fd00:98::50'));
const PAIR: readonly SentAdvert[] = [
  { from: '10.98.0.2', vips: ['10.98.0.50'] },
  { from: 'fe80::2', vips: ['fd00:98::50'] },
];

/** The packets counted in a command's output: the sum of the first numbers of the lines that match `words`. */
function counted(argv: readonly string[], words: RegExp): number {
  const lines = here
    .run(argv)
    .stdout.split('\n')
    .filter((line) => words.test(line));
  assert.ok(lines.length > 0, `${argv.join(' ')} shows no ${words}`);
  return lines.reduce((sum, line) => sum + Number(/(?:packets |\[|^\s*)(\d+)/.exec(line)?.[1] ?? 0), 0);
}

test('iptables-legacy, which nft does not show', {
  skip: on.skip || notWorking('iptables-legacy', 'iptables-legacy', '-S') || notWorking('iptables-legacy', 'ip6tables-legacy', '-S'),
}, async () => {
  pair();
  here.run(['iptables-legacy', '-A', 'INPUT', '-d', '224.0.0.18', '-j', 'DROP']);
  here.run(['ip6tables-legacy', '-t', 'raw', '-A', 'PREROUTING', '-p', '112', '-j', 'DROP']);
  const drops = (): number =>
    counted(['iptables-legacy', '-nvxL', 'INPUT'], /DROP/) + counted(['ip6tables-legacy', '-t', 'raw', '-nvxL', 'PREROUTING'], /DROP/);
  await beside(PAIR, async () => {
    const verdict = await examine();
    assert.deepEqual(textsOf(verdict), [
      'vrrp-blocked VRRP of four (VRID 50) is blocked on v0: the rule "-d 224.0.0.18/32 -j DROP" (iptables-legacy filter INPUT) drops adverts of 10.98.0.2 (protocol 112 to 224.0.0.18)',
      'vrrp-blocked VRRP of six (VRID 50) is blocked on v0: the rule "-p vrrp -j DROP" (ip6tables-legacy raw PREROUTING) drops adverts of fe80::2 (protocol 112 to ff02::12)',
    ]);
    assert.ok(drops() > 0, 'the counter shows it');
    applyFixes(verdict);
    const was = drops();
    assert.deepEqual(codes(await examine()), []);
    assert.equal(drops(), was, 'and fixed');
  });
  for (const tool of ['iptables-legacy', 'ip6tables-legacy']) for (const table of ['filter', 'raw']) here.run([tool, '-t', table, '-F']);
});

test('a table like that of firewalld', { skip: on.skip || noTools('nft') }, async () => {
  pair();
  assert.deepEqual(here.run(['nft', firewalld('v0')]).stderr, '');
  const rejects = (): number => counted(['nft', 'list', 'chain', 'inet', 'firewalld', 'filter_IN_public'], /reject/);
  await beside(PAIR, async () => {
    const verdict = await examine();
    assert.deepEqual(codes(verdict), ['vrrp-blocked', 'vrrp-blocked']);
    assert.match(
      verdict.findings[0]?.cause ?? '',
      /^the rule "reject" \(nft inet firewalld filter_IN_public, written by firewalld\) drops adverts of 10\.98\.0\.2/,
    );
    assert.equal(verdict.findings[1]?.fix, 'firewall-cmd --permanent --zone=public --add-protocol=vrrp && firewall-cmd --reload');
    assert.ok(rejects() > 0, 'the counter shows it');
    // The rule that firewalld makes from that command.
    assert.deepEqual(
      here.run(['nft', 'add rule inet firewalld filter_IN_public_allow meta l4proto 112 ct state new,untracked accept']).stderr,
      '',
    );
    const was = rejects();
    assert.deepEqual(codes(await examine()), []);
    assert.equal(rejects(), was, 'and fixed');
  });
  here.run(['nft', 'flush', 'ruleset']);
});

test('tables like those of ufw', { skip: on.skip || noTools('iptables-restore') }, async () => {
  pair();
  for (const tool of ['iptables', 'ip6tables'] as const) {
    writeFileSync(join(folder, tool), ufw(tool));
    assert.deepEqual(here.run([`${tool}-restore`, join(folder, tool)]).stderr, '');
  }
  const dropped = (): number => counted(['iptables-save', '-c'], /^:INPUT DROP/) + counted(['ip6tables-save', '-c'], /^:INPUT DROP/);
  await beside(PAIR, async () => {
    const verdict = await examine();
    assert.deepEqual(
      verdict.findings.map(({ code, fix: command }) => [code, command]),
      [
        ['vrrp-blocked', 'ufw allow in from 10.98.0.2 to 224.0.0.18 proto vrrp'],
        ['vrrp-blocked', 'ufw allow in from fe80::2 to ff02::12 proto vrrp'],
      ],
    );
    assert.match(
      verdict.findings[0]?.cause ?? '',
      /"policy drop, and no rule before it lets them pass" \(iptables filter INPUT, written by ufw\)/,
    );
    assert.ok(dropped() > 0, 'the counter shows it');
    // The rules that ufw makes from those commands.
    here.run(['iptables', '-A', 'ufw-user-input', '-p', '112', '-s', '10.98.0.2', '-d', '224.0.0.18', '-j', 'ACCEPT']);
    here.run(['ip6tables', '-A', 'ufw6-user-input', '-p', '112', '-s', 'fe80::2', '-d', 'ff02::12', '-j', 'ACCEPT']);
    const was = dropped();
    assert.deepEqual(codes(await examine()), []);
    assert.equal(dropped(), was, 'and fixed');
  });
  for (const tool of ['iptables', 'ip6tables']) {
    writeFileSync(join(folder, tool), '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n');
    here.run([`${tool}-restore`, join(folder, tool)]);
  }
});

test('a reverse-path filter that drops adverts', on, async () => {
  pair();
  here.ip('link add other type bridge');
  here.ip('link set other up');
  here.ip('route add 10.97.0.0/24 dev other');
  here.sysctl('net.ipv4.conf.all.rp_filter', '0');
  here.sysctl('net.ipv4.conf.v0.rp_filter', '1');
  const names = () =>
    here
      .run(['cat', '/proc/net/netstat'])
      .stdout.split('\n')
      .map((line) => line.split(' '));
  const filtered = (): number => {
    const [head = [], values = []] = names();
    return Number(values[head.indexOf('IPReversePathFilter')]);
  };
  await beside([{ from: '10.97.0.2', vips: ['10.98.0.50'] }], async () => {
    const verdict = await examine();
    assert.deepEqual(codes(verdict), ['vrrp-reverse-path']);
    assert.ok(filtered() > 0, 'the counter shows it');
    applyFixes(verdict);
    const was = filtered();
    assert.deepEqual(codes(await examine()), []);
    assert.equal(filtered(), was, 'and fixed');
  });
  here.ip('link del other');
});

test('a configuration that keepalived would not use whole: an error with the reason, whatever else is right', on, async () => {
  const whole = instance('fine', 50, '10.98.0.50');
  const broken = async (text: string): Promise<readonly string[]> => {
    configure(text);
    const { findings, status } = await examine(0.3);
    return [
      `${status}`,
      ...findings.filter(({ code }) => code === 'configuration-broken').map(({ severity, what, cause }) => `${severity} ${what}: ${cause}`),
    ];
  };
  assert.deepEqual(await broken(whole), ['0']);
  const doubtful = 'virtual_routes {\n  192.0.2.0/24 via 10.98.0.2\n }';
  assert.deepEqual(await broken(instance('fine', 50, '10.98.0.50', doubtful)), ['0'], 'a route that is not tracked is added all the same');
  const cases: readonly (readonly [string, RegExp])[] = [
    [whole.replace(/\}\n$/, ''), /missing '\}'s/],
    [`vrrrp_instance V {\n}\n${whole}`, /Unknown keyword 'vrrrp_instance' \(did you mean 'vrrp_instance'\?\), and 1 more fault$/],
    [whole.replace('virtual_ipaddress {', 'virtual_ipaddress'), /Missing '\{'/],
    [whole.replace('10.98.0.50', '10.98.0.500'), /10\.98\.0\.500/],
  ];
  for (const [text, reason] of cases) {
    const [status, finding, ...more] = await broken(text);
    assert.deepEqual([status, more], ['2', []], text);
    assert.match(finding ?? '', reason);
    assert.ok(finding?.startsWith(`error keepalived would not use all of ${file}: `));
  }
});
