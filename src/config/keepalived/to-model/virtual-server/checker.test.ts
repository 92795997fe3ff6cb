// Health checks: the model of each kind, where its times come from, and what is reported.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText } from '../../../../../test/support/keepalived.js';
import type { Checker, CheckKind } from '../../../../model/keepalived/virtual-server.js';

function read(real: string, service = '', around = '') {
  const { configuration, reported } = readText(
    `${around}virtual_server 10.0.0.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n${service}\nreal_server 10.0.0.2 80 {\n${real}\n}\n}\n`,
  );
  return { checkers: configuration.virtualServers[0]?.realServers[0]?.checkers ?? [], reported };
}

function one(real: string, service?: string, around?: string): Checker {
  const { checkers, reported } = read(real, service, around);
  assert.deepEqual(reported, []);
  const [checker] = checkers;
  assert.ok(checker !== undefined);
  return checker;
}

const kind = (real: string, around?: string): CheckKind => one(real, '', around).check;
const timing = (real: string, service?: string, around?: string): Checker['timing'] => one(real, service, around).timing;

const SECOND = 1_000_000;

test('times: each kind’s own, then those of the levels above, then the checker’s', () => {
  const usual = { alpha: false, connectTimeoutUs: 5 * SECOND, delayLoopUs: 60 * SECOND, warmupUs: 60 * SECOND, logAllFailures: false };
  const plain = { ...usual, rise: 1, fall: 1 };
  assert.deepEqual(timing('TCP_CHECK {\n}'), { ...plain, retry: 1, delayBeforeRetryUs: SECOND });
  assert.deepEqual(timing('HTTP_GET {\nurl {\npath /\n}\n}'), { ...plain, retry: 1, delayBeforeRetryUs: 3 * SECOND });
  assert.deepEqual(timing('DNS_CHECK {\n}'), { ...plain, retry: 3, delayBeforeRetryUs: 60 * SECOND });
  assert.deepEqual(timing('MISC_CHECK {\nmisc_path /x\n}'), { ...plain, retry: 0, delayBeforeRetryUs: SECOND });
  const inherited = timing('retry 4\nTCP_CHECK {\nconnect_timeout 0.25\n}', 'delay_loop 6\nretry 2\nalpha\ndelay_before_retry 1.5');
  assert.deepEqual(inherited, {
    alpha: true,
    connectTimeoutUs: 250_000,
    delayLoopUs: 6 * SECOND,
    warmupUs: 6 * SECOND,
    rise: 1,
    fall: 1,
    logAllFailures: false,
    retry: 4,
    delayBeforeRetryUs: 1_500_000,
  });
  assert.equal(timing('TCP_CHECK {\n}', '', 'global_defs {\nchecker_log_all_failures\n}\n').logAllFailures, true);
});

test('rise and fall: of the check, else of the real server, else of the virtual server', () => {
  const { rise, fall } = timing('rise 3\nTCP_CHECK {\nfall 4\n}', 'rise 2\nfall 5');
  assert.deepEqual([rise, fall], [3, 4]);
  assert.deepEqual(read('TCP_CHECK {\nfall 0\n}').reported, [
    "number '0' outside range [1, 1000]",
    "fall '0' not valid - must be between 1 and 1000",
  ]);
});

test('the target of a health check', () => {
  const { target } = one('TCP_CHECK {\nconnect_ip 10.0.0.5\nconnect_port 81\nbindto 10.0.0.6\nbind_if eth0\nbind_port 1000\nfwmark 5\n}');
  assert.deepEqual(target, {
    address: { family: 'inet', words: [0x0a000005] },
    port: 81,
    bindAddress: { family: 'inet', words: [0x0a000006] },
    bindInterface: 'eth0',
    bindPort: 1000,
    fwmark: 5,
  });
  assert.deepEqual(read('TCP_CHECK {\nbindto fe80::9\n}').reported, [
    'bindto address fe80::9 does not match address family of connect_ip - skipping',
  ]);
  assert.deepEqual(read('TCP_CHECK {\nconnect_ip fe80::2\nbindto fe80::1\n}'), {
    checkers: [],
    reported: ['Checker link local address fe80::2 requires a bind_if'],
  });
  assert.deepEqual(read('TCP_CHECK {\nbind_if averyveryverylongname\n}').reported, [
    'Interface name averyveryverylongname is too long - ignoring',
  ]);
});

test('HTTP_GET and SSL_GET', () => {
  const digest = '9B3A0C85A887A256D6939DA88AABD8CD';
  const url = `url {\npath /a\ndigest ${digest}\nstatus_code 200 301-303\nvirtualhost a.b\nregex "a\\\\d+ #b"\nregex_options caseless\nregex_no_match\nregex_max_offset 9\n}`;
  assert.deepEqual(kind(`SSL_GET {\n${url}\nurl {\npath /b\n}\nvirtualhost v.w\nhttp_protocol 1.1\nfast_recovery\nenable_sni\n}`), {
    kind: 'ssl',
    urls: [
      {
        path: '/a',
        digest: digest.toLowerCase(),
        statusCodes: [
          { from: 200, to: 200 },
          { from: 301, to: 303 },
        ],
        virtualHost: 'a.b',
        regex: { pattern: 'a\\d+ #b', options: ['caseless'], negate: true, minOffset: 0, maxOffset: 9 },
        tlsCompliant: false,
      },
      { path: '/b', statusCodes: [{ from: 200, to: 299 }], tlsCompliant: false },
    ],
    virtualHost: 'v.w',
    protocol: '1.1',
    fastRecovery: true,
    sni: true,
    tlsCompliant: false,
  });
  const verify = (inside: string): unknown => {
    const check = kind(`SSL_GET {\nurl {\npath /\n}\n${inside}\n}`);
    return check.kind === 'ssl' ? check.verify : assert.fail(check.kind);
  };
  assert.equal(verify(''), undefined);
  assert.equal(verify('verify off\nverify_host a.b'), undefined);
  assert.deepEqual(verify('verify'), {});
  assert.deepEqual(verify('verify on\nverify_host a.b\nverify_ca /ca.pem\nverify_warning 14'), {
    host: 'a.b',
    authorities: '/ca.pem',
    warningDays: 14,
  });
  assert.deepEqual(read('HTTP_GET {\nurl {\npath /\n}\nverify\n}').reported, ["Unknown keyword 'verify'"]);
  const reported = (inside: string) => read(`HTTP_GET {\n${inside}\n}`).reported;
  assert.deepEqual(reported(''), ['HTTP/SSL_GET checker has no urls specified - ignoring']);
  assert.deepEqual(reported('url {\n}')[0], 'HTTP/SSL_GET checker url has no path - ignoring');
  assert.deepEqual(reported('url {\npath /\ndigest abc\n}'), ["digest 'abc' character length should be 32 rather than 3"]);
  assert.deepEqual(reported(`url {\npath /\ndigest ${'0'.repeat(31)}g\n}`), [
    `Unable to interpret hex digit in '${'0'.repeat(31)}g' at offset 30/31`,
  ]);
  assert.deepEqual(reported('url {\npath /\nstatus_code 299-200 99\n}'), [
    "Invalid HTTP_GET status code '299-200'",
    "Invalid HTTP_GET status code '99'",
  ]);
  assert.deepEqual(reported('url {\npath /\n}\nnb_get_retry 3'), ["nb_get_retry is deprecated - please use 'retry'"]);
  assert.equal(read('HTTP_GET {\nurl {\npath /\n}\nnb_get_retry 3\n}').checkers[0]?.timing.retry, 3);
});

test('VIP_CHECK: the VIPs, and how packets for them get to the server', () => {
  const checkOf = (text: string): CheckKind | undefined => {
    const { configuration, reported } = readText(text);
    assert.deepEqual(reported, []);
    return configuration.virtualServers[0]?.realServers[0]?.checkers[0]?.check;
  };
  const server = (head: string, own: string): string =>
    `virtual_server ${head} {\nlvs_sched rr\nlvs_method DR\n${own}\nreal_server 10.0.0.2 80 {\nVIP_CHECK {\nconnect_timeout 1\n}\n}\n}\n`;
  const vip = (last: number, port = 80) => ({ address: { family: 'inet', words: [0x0a000000 + last] }, port });
  const [tcp, direct] = ['protocol TCP', { kind: 'vip', method: 'route', protocol: 'tcp' }];
  assert.deepEqual(checkOf(server('10.0.0.1 80', tcp)), { ...direct, vips: [vip(1)] });
  assert.deepEqual(checkOf(server('10.0.0.1 80', tcp).replace('VIP_CHECK', 'lvs_method NAT\nVIP_CHECK')), {
    ...direct,
    method: 'masq',
    vips: [vip(1)],
  });
  assert.deepEqual(checkOf(server('10.0.0.1 80', 'protocol UDP')), { ...direct, protocol: 'udp', vips: [vip(1)] });
  assert.deepEqual(checkOf(server('fwmark 7', '').replace('10.0.0.2 80', '10.0.0.2')), { ...direct, vips: [] });
  const group = 'virtual_server_group g {\n10.0.0.1 80\n10.0.0.8-9 80\n10.0.1.0/24 80\n}\n';
  const found = checkOf(`${group}${server('group g', tcp)}`);
  assert.ok(found?.kind === 'vip');
  assert.deepEqual(found.vips.slice(0, 4), [vip(1), vip(8), vip(9), vip(256)]);
  assert.equal(found.vips.length, 16, 'the first ones');
  const both = 'virtual_server_group g {\n10.0.1.0/24 80\n2001:db8::9 80\n}\n';
  const ofServer = (address: string): unknown => {
    const check = checkOf(`${both}${server('group g', tcp).replace('10.0.0.2', address)}`);
    return check?.kind === 'vip' ? check.vips.map(({ address: { family } }) => family).join() : undefined;
  };
  assert.equal(ofServer('2001:db8::2'), 'inet6', 'of its own family');
  assert.equal(ofServer('10.0.0.2'), Array.from({ length: 16 }, () => 'inet').join());
});

test('the other kinds', () => {
  assert.deepEqual(kind('PING_CHECK {\n}'), { kind: 'ping' });
  assert.deepEqual(kind('SMTP_CHECK {\nhelo_name h\n}'), { kind: 'smtp', heloName: 'h' });
  assert.deepEqual(kind('DNS_CHECK {\ntype aaaa\nname www.x\n}'), { kind: 'dns', type: 'AAAA', name: 'www.x' });
  assert.deepEqual(kind('MISC_CHECK {\nmisc_path "/x a" nobody\nmisc_timeout 3\nmisc_dynamic\nuser u g\n}'), {
    kind: 'misc',
    script: { argv: ['/x', 'a'], text: '/x a', runAs: { user: 'u', group: 'g' } },
    timeoutUs: 3 * SECOND,
    dynamic: true,
  });
  assert.deepEqual(kind('UDP_CHECK {\npayload Ab12f 3\nrequire_reply 0x x\nmin_reply_length 1\n}'), {
    kind: 'udp',
    payload: 'ab120f03',
    reply: '0x0x',
    requireReply: true,
    minReply: 1,
    maxReply: 255,
  });
  const file = 'track_file f {\nfile /x\nweight 3\n}\n';
  assert.deepEqual(kind('FILE_CHECK {\ntrack_file f\nweight -5 reverse\n}', file), {
    kind: 'file',
    trackFile: 'f',
    weight: -5,
    reverse: true,
  });
  const bfd = 'bfd_instance b {\nneighbor_ip 10.0.0.9\n}\n';
  assert.deepEqual(kind('BFD_CHECK {\nname b\n}', bfd), { kind: 'bfd', name: 'b' });
});

test('SMTP_CHECK checks each of its hosts', () => {
  const { checkers } = read('SMTP_CHECK {\nhost {\nconnect_ip 10.0.0.5\n}\nhost {\nconnect_port 26\n}\n}');
  assert.deepEqual(
    checkers.map(({ target }) => [target.address?.words[0], target.port]),
    [
      [0x0a000005, undefined],
      [undefined, 26],
    ],
  );
});

test('messages of the other kinds', () => {
  const cases: readonly (readonly [string, string, string?])[] = [
    ['DNS_CHECK {\nname a..b\n}', "DNS_CHECK name 'a..b' has empty label - ignoring"],
    ['DNS_CHECK {\ntype PTR\n}', 'Unknown DNS check type PTR - ignoring'],
    ['MISC_CHECK {\n}', 'No script path has been specified for MISC_CHECKER - skipping'],
    ['MISC_CHECK {\nmisc_path /x\nuser\n}', "No user specified for misc checker script '/x'"],
    ['UDP_CHECK {\npayload 0x\n}', 'Invalid hex string for UDP_CHECK payload'],
    ['UDP_CHECK {\npayload\n}', 'UDP_CHECK payload requires a payload'],
    ['UDP_CHECK {\nrequire_reply zz\n}', 'Invalid hex string for UDP_CHECK reply'],
    ['UDP_CHECK {\nmin_reply_length 300\n}', 'UDP_CHECK min_reply length 300 > max_reply_length 255 - will always fail'],
    ['FILE_CHECK {\n}', 'FILE_CHECK has no track_file specified - ignoring'],
    ['FILE_CHECK {\ntrack_file f\n}', 'track_file f not found'],
    ['BFD_CHECK {\n}', '([10.0.0.2]:tcp:80) No name has been specified for BFD_CHECKER - skipping'],
    ['BFD_CHECK {\nname b\n}', '([10.0.0.2]:tcp:80) BFD_CHECK - BFD b not configured'],
    ['BFD_CHECK {\nname a b\n}', '([10.0.0.2]:tcp:80) BFD_CHECK - No or too many names specified - skipping checker'],
  ];
  for (const [real, text] of cases) assert.ok(read(real).reported.includes(text), `${real}: ${read(real).reported.join('; ')}`);
  const around = 'track_file f {\nfile /x\n}\n';
  const weight = (words: string) => read(`FILE_CHECK {\ntrack_file f\nweight ${words}\n}`, '', around).reported.at(-1);
  assert.equal(weight(''), 'track file weight missing');
  assert.equal(weight('5 foo'), 'unknown track file weight option foo - ignoring');
  assert.equal(weight('abc'), 'weight for track file must be in [-2147483647..2147483647] inclusive. Ignoring...');
  const bfd = 'bfd_instance b {\nneighbor_ip 10.0.0.9\n}\n';
  assert.deepEqual(read('BFD_CHECK {\nname b\n}\nBFD_CHECK {\nname b\n}', '', bfd).reported, [
    '([10.0.0.2]:tcp:80) BFD_CHECK - RS already monitoring b',
  ]);
});

test('regex offsets that leave no room are ignored', () => {
  const offsets = (least: number, most: number): unknown => {
    const read = kind(`HTTP_GET {\nurl {\npath /\nregex "a"\nregex_min_offset ${least}\nregex_max_offset ${most}\n}\n}`) as {
      readonly urls: readonly { readonly regex?: { readonly minOffset: number; readonly maxOffset?: number } }[];
    };
    const { minOffset, maxOffset } = read.urls[0]?.regex ?? { minOffset: -1 };
    return [minOffset, maxOffset];
  };
  assert.deepEqual(offsets(3, 3), [3, 3]);
  assert.deepEqual(offsets(4, 3), [0, undefined]);
});
