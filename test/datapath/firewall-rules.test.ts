// Which rules make `--firewall auto` choose honour, and which leave it at fast, in the notations of nft, iptables-nft and iptables-legacy: with the
// real tools, in a namespace of this process's own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { rulesText } from '../../src/cli/firewall-choice.js';
import { bypassedRules } from '../../src/doctor/collect/bypassed.js';
import type { ServiceSpec } from '../../src/model/service.js';
import { native } from '../../src/sys/addon.js';
import { ip } from '../support/ip.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { freshName, makeNamespace, removeNamespace } from './namespace.js';

const skip = noNamespaces() || noTools('iptables', 'iptables-legacy', 'nft');
const VIP = '198.18.0.100';
const WEB: ServiceSpec = {
  key: { kind: 'address', protocol: 'tcp', address: ip(VIP), port: 80 },
  scheduler: 'rr',
  schedFlags: 0,
  onePacket: false,
};

/** Rules of INPUT by nft; in front of them what they need. `policy`: of the chain. */
interface NftCase {
  readonly rules: readonly string[];
  readonly policy?: 'accept' | 'drop';
  readonly before?: readonly string[];
  readonly hook?: string;
  /** Of the kernel: where it is missing, nft refuses the rule. */
  readonly module?: string;
}

const SET = 'add set inet f b { type ipv4_addr; }';
const METER = 'add set inet f m { type ipv4_addr; flags dynamic; size 100; }';
const MAP = 'add map inet f m { type ipv4_addr : verdict; }';
const PORTS = ['add set inet f p { type inet_service; }', 'add element inet f p { 443 }'];
const PREROUTING = 'type filter hook prerouting priority -300;';
const NAT = 'type nat hook prerouting priority -100;';

const one = (rule: string, ...before: readonly string[]): NftCase => ({ rules: [rule], before });
const dropping = (...rules: readonly string[]): NftCase => ({ rules, policy: 'drop' });

const HONOUR: readonly NftCase[] = [
  one('ip saddr 10.1.0.7 tcp dport 80 drop'),
  // Verdict maps.
  one('ip saddr vmap { 10.1.0.7 : drop }'),
  one('ip saddr vmap { 10.1.0.8 : accept, 10.1.0.7 : drop }'),
  one('ip saddr vmap @m', MAP),
  one('ip saddr vmap @m', MAP, 'add element inet f m { 10.1.0.7 : drop }'),
  one('tcp dport 80 ip saddr vmap @m', MAP),
  one('ip saddr . tcp dport vmap { 10.1.0.7 . 80 : drop }'),
  one('ip saddr vmap { 10.1.0.7 : jump x }', 'add chain inet f x', 'add rule inet f x drop'),
  one('ip saddr & 255.0.0.0 vmap { 10.0.0.0 : drop }'),
  one('tcp flags vmap { syn : drop }'),
  one('meta mark vmap { 5 : drop }'),
  one('numgen inc mod 2 vmap { 0 : drop, 1 : accept }'),
  one('jhash ip saddr mod 2 vmap { 0 : drop, 1 : accept }'),
  one('tcp dport vmap { 22 : accept, * : drop }'),
  dropping('ip saddr vmap { 10.1.0.7 : accept }'),
  // What named sets and objects contain changes without the rules.
  one('ip saddr @b drop', SET),
  one('ip saddr @b drop', SET, 'add element inet f b { 1.2.3.4 }'),
  ...['interval', 'timeout', 'dynamic', 'constant'].map((flag) =>
    one('ip saddr @b drop', `add set inet f b { type ipv4_addr; flags ${flag}; ${flag === 'constant' ? 'elements = { 1.2.3.4 };' : ''} }`),
  ),
  one('ip saddr . tcp dport @b drop', 'add set inet f b { type ipv4_addr . inet_service; }'),
  one('tcp dport @p drop', ...PORTS),
  one('tcp dport { 80, 443 } ip saddr @b reject with tcp reset', SET),
  { ...dropping('ip saddr != @b accept'), before: [SET] },
  { ...dropping('tcp dport @p accept'), before: [PORTS[0] ?? '', 'add element inet f p { 80 }'] },
  one('tcp dport 80 quota name "q" drop', 'add quota inet f q { over 1 mbytes; }'),
  one('tcp dport 80 limit name "l" drop', 'add limit inet f l { rate over 1/minute; }'),
  { ...dropping('tcp dport 80 limit name "l" accept'), before: ['add limit inet f l { rate 1/minute; }'] },
  one('tcp dport 80 ct count over 1 drop'),
  one('tcp dport 80 limit rate over 1/minute drop'),
  dropping('tcp dport { 80, 21 } numgen random mod 2 0 accept'),
  { ...dropping('ct state established accept', 'tcp dport 80 update @m { ip saddr limit rate 1/minute } accept'), before: [METER] },
  { ...dropping('tcp dport 80 add @m { ip saddr ct count 1 } accept'), before: [METER] },
  { ...dropping('tcp dport 80 add @m { ip saddr } accept'), before: [METER] },
  dropping('meta mark set ip saddr map { 10.1.0.7 : 5 } accept'),
  // Statements that may drop, or wait for a program.
  { ...one('tcp dport 80 queue num 5'), module: 'nft_queue' },
  { ...one('tcp dport 80 queue num 5 bypass'), module: 'nft_queue' },
  { ...one('tcp dport 80 synproxy mss 1460 wscale 7'), module: 'nft_synproxy' },
  one('tcp dport set 81'),
  one('tcp flags & (fin|syn) == (fin|syn) drop'),
  one('@nh,96,32 0x0a010007 drop'),
  one('tcp dport != { 22 } drop'),
  one('fib daddr . iif type != local drop'),
  one('iifname "fr*" drop'),
  one('iifname != "docker0" drop'),
  // A rule about another protocol accepts nothing of the service.
  dropping('udp dport != 53 accept'),
  dropping('ip6 saddr != ::1 accept'),
  // Before INPUT.
  { ...one(`tcp dport 80 drop`), hook: PREROUTING },
  { ...one('ip saddr 10.1.0.7 drop'), hook: PREROUTING },
  { ...one('ip saddr 10.1.0.7 tcp dport 80 redirect to :9999'), hook: NAT },
  { ...one(`ip daddr ${VIP} tcp dport 80 dnat ip to 10.9.9.9`), hook: NAT },
  { ...one('tcp dport 80 dnat ip to ip saddr map { 10.1.0.7 : 10.9.9.9 }'), hook: NAT },
  { ...one('tcp dport 80 tproxy ip to :9999 accept'), hook: 'type filter hook prerouting priority -150;' },
];

const FAST: readonly NftCase[] = [
  { rules: [] },
  { rules: ['ct state established,related accept', 'counter'] },
  dropping('ct state established,related,new accept'),
  dropping('ct state vmap { established : accept, related : accept, new : accept }'),
  dropping('ct state vmap { established : accept, related : accept }', 'tcp dport { 22, 80 } counter accept'),
  dropping('ct state new tcp dport 80-90 log prefix "web" accept'),
  dropping(`ip daddr ${VIP} tcp dport vmap { 22 : drop, 80 : accept }`),
  dropping('tcp dport vmap { 22 : drop, * : accept }'),
  { rules: ['ip saddr vmap { 10.1.0.7 : accept }'] },
  one('ip saddr @b accept', SET),
  one('tcp dport 22 drop'),
  one('tcp dport 22 ip saddr @b drop', SET),
  one('udp dport @p drop', ...PORTS),
  one('udp dport vmap @v', 'add map inet f v { type inet_service : verdict; }'),
  one('meta l4proto udp drop'),
  one('ip daddr 198.18.0.99 drop'),
  one('iifname "docker0" drop'),
  { ...one('tcp dport 22 queue num 5'), module: 'nft_queue' },
  one('ip6 saddr ::1 drop'),
  { ...one('tcp dport 8080 redirect to :80'), hook: NAT },
  { ...one('ip daddr 198.18.0.99 dnat ip to 10.9.9.9'), hook: NAT },
  { ...one('tcp dport 80 meta mark set 5'), hook: PREROUTING },
];

/** Of iptables: several rules by `; `. */
const HONOUR_IPTABLES = [
  '-A INPUT -s 10.1.0.7 -p tcp --dport 80 -j DROP',
  '-A INPUT -p tcp --dport 80 -j NFQUEUE --queue-num 3',
  '-A INPUT -p tcp --tcp-flags SYN,FIN SYN,FIN -j DROP',
  '-A INPUT -p tcp ! --syn -j DROP',
  '-A INPUT -f -j DROP',
  '-P INPUT DROP; -A INPUT -m socket -j ACCEPT',
  '-P INPUT DROP; -A INPUT -p tcp --dport 80 -m limit --limit 1/min -j ACCEPT',
  '-A INPUT -p tcp -m connlimit --connlimit-above 2 -j DROP',
  '-A INPUT -p tcp -m recent --name x --update --seconds 60 --hitcount 4 -j DROP',
  '-A INPUT -m addrtype --src-type BROADCAST -j DROP',
  '-t raw -A PREROUTING -s 10.1.0.7 -j DROP',
  '-t mangle -A PREROUTING -m rpfilter --invert -j DROP',
  '-P INPUT DROP; -A INPUT -m conntrack --ctstate NEW -j ACCEPT; -t raw -A PREROUTING -p tcp --dport 80 -j CT --notrack',
  `-t nat -A PREROUTING -s 10.1.0.7 -d ${VIP} -p tcp --dport 80 -j REDIRECT --to-port 9999`,
  `-t nat -A PREROUTING -d ${VIP} -p tcp --dport 80 -j DNAT --to-destination 10.9.9.9`,
  `-t nat -A PREROUTING -d ${VIP} -j DNAT --to-destination 10.9.9.1-10.9.9.9`,
  '-t mangle -A PREROUTING -p tcp --dport 80 -j TPROXY --on-port 9999',
  // Docker with a published port, fail2ban without a ban, ufw.
  '-t nat -N DOCKER; -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER; -t nat -A DOCKER ! -i docker0 -p tcp --dport 80 -j DNAT --to-destination 172.17.0.2:80',
  '-N f2b-web; -A f2b-web -j RETURN; -A INPUT -p tcp -m multiport --dports 80,443 -j f2b-web',
  '-P INPUT DROP; -N ufw-user-input; -A INPUT -j ufw-user-input; -A ufw-user-input -p tcp --dport 22 -j ACCEPT',
];

const FAST_IPTABLES = [
  '-A INPUT -p tcp --dport 22 -j DROP',
  '-A INPUT -m conntrack --ctstate INVALID -j DROP',
  '-P INPUT DROP; -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT; -A INPUT -p tcp -m multiport --dports 22,80 -j ACCEPT',
  '-P INPUT DROP; -A INPUT -m conntrack --ctstate NEW,ESTABLISHED -m comment --comment "all of it" -j ACCEPT',
  '-A INPUT -p udp -s 10.1.0.7 -j DROP',
  '-A INPUT -d 198.18.0.99 -j DROP',
  '-A INPUT -i docker0 -j DROP',
  '-A INPUT -p tcp --dport 22 -j NFQUEUE --queue-num 3',
  '-t nat -A PREROUTING -p tcp --dport 8080 -j REDIRECT --to-port 80',
  '-N f2b-sshd; -A f2b-sshd -j RETURN; -A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd',
  '-t nat -N DOCKER; -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER; -t nat -A DOCKER ! -i docker0 -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80',
  '-P INPUT DROP; -N ufw-user-input; -A INPUT -j ufw-user-input; -A ufw-user-input -p tcp --dport 80 -j ACCEPT',
];

const found = (): string => rulesText(bypassedRules(() => [WEB]));
const nft = (...lines: readonly string[]): string =>
  execFileSync('nft', ['-f', '-'], { input: `${lines.join('\n')}\n`, encoding: 'utf8', stdio: 'pipe' });

function applyNft({ rules, policy = 'accept', before = [], hook = 'type filter hook input priority 0;' }: NftCase): void {
  nft('flush ruleset', 'add table inet f', ...before, `add chain inet f in { ${hook} policy ${policy}; }`);
  if (rules.length > 0) nft(...rules.map((rule) => `add rule inet f in ${rule}`));
}

const TABLES = ['raw', 'mangle', 'nat', 'filter'];

/** Runs `look` with these rules; none stays. */
function withIptables(tool: string, rules: string, look: () => void): void {
  const run = (line: string): unknown =>
    execFileSync(
      tool,
      [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? ''),
      { stdio: 'pipe' },
    );
  try {
    for (const rule of rules.split('; ')) run(rule);
    look();
  } finally {
    run('-P INPUT ACCEPT');
    for (const table of TABLES) for (const all of ['-F', '-X']) run(`-t ${table} ${all}`);
  }
}

/** Every case is tried, and those that are wrong are listed. */
function inNamespace(tried: (wrong: string[]) => void): void {
  const name = freshName();
  makeNamespace(name);
  const [here, inside] = ['/proc/self/ns/net', `/run/netns/${name}`].map((path) => native().open(path, 0));
  const wrong: string[] = [];
  try {
    native().setns(inside ?? -1);
    tried(wrong);
  } finally {
    native().setns(here ?? -1);
    for (const fd of [here, inside]) native().close(fd ?? -1);
    removeNamespace(name);
  }
  assert.deepEqual(wrong, []);
}

test('rules of nft', { skip }, (t) => {
  inNamespace((wrong) => {
    for (const [cases, expected] of [
      [HONOUR, true],
      [FAST, false],
    ] as const) {
      for (const each of cases) {
        try {
          applyNft(each);
        } catch (error) {
          if (each.module === undefined || !String(error).includes('No such file or directory')) throw error;
          t.diagnostic(`not tried without ${each.module}: ${each.rules.join('; ')}`);
          continue;
        }
        const text = found();
        if ((text !== '') !== expected) wrong.push(`${each.policy ?? ''} ${each.rules.join('; ')}: ${text || 'fast'}`);
      }
    }
  });
});

for (const tool of ['iptables', 'iptables-legacy']) {
  test(`rules of ${tool}`, { skip }, () => {
    inNamespace((wrong) => {
      for (const [cases, expected] of [
        [HONOUR_IPTABLES, true],
        [FAST_IPTABLES, false],
      ] as const) {
        for (const rules of cases) {
          withIptables(tool, rules, () => {
            const text = found();
            if ((text !== '') !== expected) wrong.push(`${rules}: ${text || 'fast'}`);
          });
        }
      }
    });
  });
}

test("a rule of nft's in a table of iptables, which iptables-save shows without its conditions", { skip }, () => {
  inNamespace((wrong) => {
    withIptables('iptables', '-P INPUT DROP; -A INPUT -p tcp --dport 22 -j ACCEPT', () => {
      nft('add set ip filter b { type ipv4_addr; }', 'add rule ip filter INPUT ip saddr @b accept');
      if (found() === '') wrong.push('ip saddr @b accept: fast');
    });
    withIptables('iptables', '-A INPUT -p tcp --dport 22 -j ACCEPT', () => {
      nft('add rule ip filter INPUT ip saddr vmap { 10.1.0.7 : drop }');
      if (!found().includes('ip saddr vmap')) wrong.push('ip saddr vmap: fast');
    });
  });
});

test('what a set contains changes nothing that would have to be followed', { skip }, () => {
  inNamespace((wrong) => {
    applyNft(one('ip saddr @b drop', SET));
    const before = found();
    nft('add element inet f b { 10.1.0.7 }');
    if (before === '' || found() !== before) wrong.push(`${before}; ${found()}`);
  });
});

test("a table of another family that is named as weir's is not weir's, and more interfaces than are looked at may have rules", {
  skip,
}, () => {
  inNamespace((wrong) => {
    nft('add table inet weir', 'add chain inet weir in { type filter hook input priority 0; policy drop; }');
    if (found() === '') wrong.push('inet weir: fast');
    applyNft(one('iifname "last" drop'));
    execFileSync('ip', ['-batch', '-'], { input: Array.from({ length: 65 }, (_, k) => `link add b${k} type bridge\n`).join('') });
    if (!found().includes('interfaces were looked at')) wrong.push('70 interfaces: fast');
  });
});
