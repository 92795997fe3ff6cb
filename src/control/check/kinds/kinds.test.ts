// Each kind of check in conversations that a test writes: what is sent, and what the outcome is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checker } from '../../../../test/support/check-bed.js';
import { ip } from '../../../../test/support/ip.js';
import { realServer, virtualServer } from '../../../../test/support/virtual-server.js';
import type { CheckKind, HttpUrl } from '../../../model/keepalived/virtual-server.js';
import { dnsQuery } from '../../../wire/dns.js';
import { md5 } from '../../../wire/md5.js';
import type { Attempt, Outcome } from '../messages.js';
import type { ProbeInput, ProbeTools } from '../probe.js';
import { kindOf } from './index.js';
import type { Subject } from './rules.js';
import { matchesReply } from './udp.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const received = (text: string): ProbeInput => ({ kind: 'received', bytes: bytes(text) });
const connected: ProbeInput = { kind: 'connected' };
const ended: ProbeInput = { kind: 'ended' };
const timeout: ProbeInput = { kind: 'timeout' };
const noWay: ProbeInput = { kind: 'failed', phase: 'unreachable', reason: 'Network is unreachable' };

const tools: ProbeTools = {
  match: (pattern, _, body, min, max) => {
    const at = new TextDecoder().decode(body).slice(min).search(new RegExp(pattern));
    return at >= 0 && (max === undefined || at + min <= max);
  },
  random: () => 0x1234,
};

const someAttempt: Attempt = {
  number: 1,
  checker: 0,
  check: { kind: 'tcp' },
  target: { address: ip('10.0.0.1'), port: 80 },
  connectTimeoutUs: 1,
  intervalUs: 1,
  url: 0,
  hostName: 'lb1',
};

function converse(
  check: CheckKind,
  inputs: readonly ProbeInput[],
  more: Partial<Attempt> = {},
): { sent: string; outcome: Outcome | undefined } {
  const attempt: Attempt = { ...someAttempt, check, ...more };
  const { probe } = kindOf(check.kind);
  let state = probe.begin(attempt, tools);
  let sent = '';
  for (const input of inputs) {
    const next = probe.step(state, input, attempt, tools);
    state = next.state;
    if (next.send !== undefined) sent += new TextDecoder('latin1').decode(next.send);
    if (next.outcome !== undefined) return { sent, outcome: next.outcome };
  }
  return { sent, outcome: undefined };
}

const outcomeOf = (...args: Parameters<typeof converse>): string => {
  const { outcome } = converse(...args);
  if (outcome === undefined) return 'open';
  return outcome.kind === 'success' ? `success${outcome.text === undefined ? '' : `: ${outcome.text}`}` : outcome.text;
};

test('VIP_CHECK: the transport has the reason', () => {
  const check: CheckKind = { kind: 'vip', method: 'route', protocol: 'tcp', vips: [{ address: ip('192.0.2.1'), port: 80 }] };
  const failed = (phase: 'connect' | 'unreachable'): ProbeInput => ({ kind: 'failed', phase, reason: 'no VIP: none' });
  assert.equal(outcomeOf(check, [connected]), 'success');
  assert.deepEqual(converse(check, [failed('connect')]).outcome, { kind: 'failure', text: 'no VIP: none' });
  assert.deepEqual(converse(check, [failed('unreachable')]).outcome, {
    kind: 'not-made',
    text: 'VIP_CHECK of 10.0.0.1 port 80 cannot be made: no VIP: none',
  });
});

test('TCP_CHECK', () => {
  assert.equal(outcomeOf({ kind: 'tcp' }, [connected]), 'success');
  assert.equal(outcomeOf({ kind: 'tcp' }, [timeout]), 'timeout');
  assert.equal(outcomeOf({ kind: 'tcp' }, [{ kind: 'failed', phase: 'connect', reason: 'Connection refused' }]), 'failed');
});

test('PING_CHECK: a reply, or none', () => {
  assert.equal(outcomeOf({ kind: 'ping' }, [connected]), 'open');
  assert.equal(outcomeOf({ kind: 'ping' }, [connected, received('')]), 'success');
  assert.equal(outcomeOf({ kind: 'ping' }, [connected, timeout]), 'timeout');
});

test('UDP_CHECK: silence is success, unless a reply is required', () => {
  const udp = { kind: 'udp', requireReply: false, minReply: 0, maxReply: 255, payload: '6869' } as const;
  assert.deepEqual(converse(udp, [connected, timeout]), { sent: 'hi', outcome: { kind: 'success' } });
  assert.equal(outcomeOf(udp, [connected, { kind: 'failed', phase: 'read', reason: 'Connection refused' }]), 'failed');
  const strict = { ...udp, requireReply: true, minReply: 2, maxReply: 4, reply: '6x' } as const;
  assert.equal(outcomeOf(strict, [connected, timeout]), 'failed');
  assert.equal(outcomeOf(strict, [connected, received('hi')]), 'success');
  for (const answer of ['h', 'hello', '1i']) assert.equal(outcomeOf(strict, [connected, received(answer)]), 'reply data mismatch');
  assert.ok(matchesReply('xxFFx0', Uint8Array.of(1, 255, 0x10)));
  assert.ok(matchesReply('0102', Uint8Array.of(1)) && !matchesReply('0102', Uint8Array.of(2)));
  assert.equal(outcomeOf({ ...strict, reply: '686978' }, [connected, received('hi')]), 'success', 'as far as the answer goes');
  const { reply: _, ...anyReply } = strict;
  for (const answer of ['', 'h', 'hello']) assert.equal(outcomeOf(anyReply, [connected, received(answer)]), 'success');
  const { payload: __, ...plain } = udp;
  assert.equal(converse(plain, [connected]).sent, 'keepalived check - keepalived ch');
});

test('DNS_CHECK: only the answer to the query decides', () => {
  const dns = { kind: 'dns', type: 'A', name: 'example.com' } as const;
  const answer = (id: number, flags: number): ProbeInput => {
    const message = dnsQuery(id, 'example.com', 1);
    message[2] = flags >> 8;
    message[3] = flags & 255;
    return { kind: 'received', bytes: message };
  };
  assert.equal(outcomeOf(dns, [connected, answer(0x9999, 0x8180), answer(0x1234, 0x0180), received('x')]), 'open');
  assert.equal(outcomeOf(dns, [connected, answer(0x1234, 0x8180)]), 'success');
  assert.equal(outcomeOf(dns, [connected, answer(0x1234, 0x8182)]), 'read error occurred. (rcode = 2)');
  assert.equal(outcomeOf(dns, [connected, timeout]), 'read timeout from socket');
  assert.equal(outcomeOf(dns, [noWay]), 'network unreachable for [10.0.0.1]:80');
  const refused: ProbeInput = { kind: 'failed', phase: 'read', reason: 'Connection refused', errno: 111 };
  assert.equal(outcomeOf(dns, [connected, refused]), 'failed to read socket; errno 111 (Connection refused)');
  assert.match(outcomeOf({ ...dns, name: 'a..b' }, [connected]), /^the name a\.\.b cannot be asked for/);
});

test('SMTP_CHECK: greeting, HELO, QUIT, in pieces, and what a bad server answers', () => {
  const smtp = { kind: 'smtp' } as const;
  const talk: ProbeInput[] = [connected, received('22'), received('0 hello\r\n'), received('250 ok\r\n'), received('221 bye\r\n')];
  assert.deepEqual(converse(smtp, talk), { sent: 'HELO lb1\r\nQUIT\r\n', outcome: { kind: 'success' } });
  assert.equal(converse({ ...smtp, heloName: 'x.y' }, talk).sent, 'HELO x.y\r\nQUIT\r\n');
  assert.equal(outcomeOf(smtp, [connected, received('554 no\r\n')]), 'Bad greeting banner from server [10.0.0.1]:80');
  assert.equal(outcomeOf(smtp, [connected, received('220 a\r\n'), received('500 b\r\n')]), 'Bad HELO response from server [10.0.0.1]:80');
  assert.equal(outcomeOf(smtp, [connected, ended]), 'Read failure from server [10.0.0.1]:80');
  assert.equal(outcomeOf(smtp, [timeout]), 'Connection timeout to server [10.0.0.1]:80');
  assert.equal(outcomeOf(smtp, [connected, timeout]), 'Read timeout from server [10.0.0.1]:80');
});

test('SMTP_CHECK: the begin of a long line decides, however TCP cuts it', () => {
  const long = 'x'.repeat(1000);
  const cut = (text: string, bytes: number): ProbeInput[] =>
    Array.from({ length: Math.ceil(text.length / bytes) }, (_, at) => received(text.slice(at * bytes, (at + 1) * bytes)));
  for (const bytes of [1, 511, 512, 513, 10_000]) {
    const talk: ProbeInput[] = [connected, ...[`220 ${long}\r\n`, `250 ${long}\r\n`, '221\r\n'].flatMap((line) => cut(line, bytes))];
    assert.deepEqual(converse({ kind: 'smtp' }, talk), { sent: 'HELO lb1\r\nQUIT\r\n', outcome: { kind: 'success' } }, `${bytes}`);
    const bad: ProbeInput[] = [connected, ...cut(`${long}\r\n220 hi\r\n`, bytes)];
    assert.equal(outcomeOf({ kind: 'smtp' }, bad), 'Bad greeting banner from server [10.0.0.1]:80');
  }
});

test('SMTP_CHECK: what came with the greeting is no answer to HELO, nor is the rest of a line that began there', () => {
  const smtp = { kind: 'smtp' } as const;
  const asked = [received('250 ok\r\n'), received('221\r\n')];
  const done = { sent: 'HELO lb1\r\nQUIT\r\n', outcome: { kind: 'success' } };
  for (const pieces of [
    ['220 hi\r\nmore\r\n'],
    ['220 hi\r\n550', ' no', ' more\r\n'],
    ['22', '0 hi\r\n550\r\n2', '50 no\r\n'],
    ['220\n\r', '\n'],
  ])
    assert.deepEqual(converse(smtp, [connected, ...pieces.map(received), ...asked]), done, pieces.join('|'));
  assert.deepEqual(converse(smtp, [connected, received('220 hi\r\n55'), received('0 no\r\n250 ok\r\n'), received('221\r\n')]), done);
  assert.equal(converse(smtp, [connected, received('220 hi\r\n250 ok\r\n221 bye\r\n')]).outcome, undefined);
});

test('MISC_CHECK: exit status, signal, timeout', () => {
  const misc = { kind: 'misc', script: { argv: ['/x'], text: '/x' }, timeoutUs: 0, dynamic: false } as const;
  const exited = (status: number): ProbeInput => ({ kind: 'exited', status });
  assert.deepEqual(converse(misc, [exited(0)]).outcome, { kind: 'success', status: 0 });
  assert.deepEqual(converse(misc, [exited(5)]).outcome, { kind: 'failure', text: 'failed (exited with status 5)', status: 5 });
  assert.deepEqual(converse({ ...misc, dynamic: true }, [exited(5)]).outcome, { kind: 'success', status: 5 });
  assert.equal(outcomeOf({ ...misc, dynamic: true }, [exited(1)]), 'failed (exited with status 1)');
  // A script that cannot run is no verdict about the server.
  assert.equal(converse(misc, [{ kind: 'failed', phase: 'connect', reason: 'it is disabled' }]).outcome?.kind, 'not-made');
  assert.equal(outcomeOf(misc, [{ kind: 'signalled', signal: 9, timedOut: false }]), 'failed (due to signal 9)');
  assert.equal(outcomeOf(misc, [{ kind: 'signalled', signal: 15, timedOut: true }]), 'timed out');
});

const httpOf = (url: Partial<HttpUrl> = {}, more: Partial<Extract<CheckKind, { kind: 'http' | 'ssl' }>> = {}): CheckKind => ({
  kind: 'http',
  urls: [{ path: '/', statusCodes: [{ from: 200, to: 299 }], tlsCompliant: false, ...url }],
  protocol: '1.0',
  fastRecovery: false,
  sni: false,
  tlsCompliant: false,
  ...more,
});
const page = (body: string, head = ''): readonly ProbeInput[] => [
  connected,
  received(`HTTP/1.1 200 OK\r\n${head}\r\n`),
  received(body),
  ended,
];

test('HTTP_GET: the request, and whose Host it has', () => {
  const request = (check: CheckKind, more: Partial<Attempt> = {}): string => converse(check, [connected], more).sent;
  assert.equal(request(httpOf()), 'GET / HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: 10.0.0.1:80\r\n\r\n');
  const target = { address: ip('2001:db8::1'), port: 8080 };
  assert.match(
    request(httpOf({}, { protocol: '1.1' }), { target }),
    /HTTP\/1\.1\r\n.*\r\nConnection: close\r\nHost: \[2001:db8::1\]:8080/s,
  );
  const names = { serverHost: 'rs', virtualHost: 'vs' };
  assert.match(request(httpOf(), { virtualHost: 'vs' }), /Host: vs\r/);
  assert.match(request(httpOf(), names), /Host: rs\r/);
  assert.match(request(httpOf({}, { virtualHost: 'check' }), names), /Host: check\r/);
  assert.match(request(httpOf({ virtualHost: 'url' }, { virtualHost: 'check' }), names), /Host: url\r/);
});

test('HTTP_GET: status, digest and expression are judged when the server has closed', () => {
  assert.equal(outcomeOf(httpOf(), page('x')), 'success: HTTP status code');
  assert.equal(outcomeOf(httpOf({ statusCodes: [{ from: 404, to: 404 }] }), page('x')), 'HTTP status code error to');
  const digest = Buffer.from(md5(bytes('hello'))).toString('hex');
  assert.equal(outcomeOf(httpOf({ digest }), page('hello')), 'success: MD5 digest');
  assert.equal(outcomeOf(httpOf({ digest }), page('hello and more', 'Content-Length: 5\r\n')), 'success: MD5 digest');
  assert.equal(outcomeOf(httpOf({ digest }), page('hullo')), 'MD5 digest error to');
  const regex = { pattern: 'lo', options: [], negate: false, minOffset: 0 };
  assert.equal(outcomeOf(httpOf({ regex }), page('hello')), 'success: Regex match');
  assert.equal(outcomeOf(httpOf({ regex: { ...regex, negate: true } }), page('hello')), 'Regex match failed');
  assert.equal(outcomeOf(httpOf({ regex: { ...regex, maxOffset: 3 } }), page('hello')), 'success: Regex match');
  assert.equal(outcomeOf(httpOf({ regex: { ...regex, maxOffset: 2 } }), page('hello')), 'Regex match failed');
});

test('HTTP_GET: the status is between the first two spaces, whatever stands in front of it', () => {
  const answered = (line: string): string => outcomeOf(httpOf(), [connected, received(`${line}\r\n\r\nbody`), ended]);
  for (const line of ['HTTP/1.0 200 OK', 'ICY 200 OK', 'HTTP/1.1 200 ', ' 200 OK']) {
    assert.equal(answered(line), 'success: HTTP status code', line);
  }
  for (const line of ['HTTP/1.1 200', 'HTTP/1.1  200 OK', 'HTTP/1.1 2000 OK', 'HTTP/1.1 20 OK', 'HTTP/1.1\r\n 200 OK', '200']) {
    assert.equal(answered(line), 'HTTP status code error to', line);
  }
});

test('HTTP_GET: any cut of the answer gives the same outcome', () => {
  const digest = Buffer.from(md5(bytes('hello'))).toString('hex');
  const whole: string = 'HTTP/1.0 200 OK\nServer: x\n\nhello';
  for (let cut = 0; cut <= whole.length; cut++) {
    const inputs: readonly ProbeInput[] = [connected, received(whole.slice(0, cut)), received(whole.slice(cut)), ended];
    assert.equal(outcomeOf(httpOf({ digest }), inputs), 'success: MD5 digest', `cut at ${cut}`);
  }
});

test('HTTP_GET: servers that are no good', () => {
  assert.equal(outcomeOf(httpOf(), [connected, ended]), 'Read, no data received from ');
  assert.equal(outcomeOf(httpOf(), [connected, received('garbage\r\n\r\n'), ended]), 'HTTP status code error to');
  assert.equal(outcomeOf(httpOf(), [connected, received('HTTP/1.1 2000 OK\r\n\r\n'), ended]), 'HTTP status code error to');
  assert.equal(outcomeOf(httpOf(), [connected, received('x'.repeat(70_000))]), 'HTTP header too long from');
  assert.equal(outcomeOf(httpOf(), [timeout]), 'Timeout connecting');
  assert.equal(outcomeOf(httpOf(), [connected, timeout]), 'Timeout WEB read');
  assert.equal(outcomeOf(httpOf(), [connected, received('HTTP'), timeout]), 'Timeout HTTP read');
  const handshake: ProbeInput = { kind: 'failed', phase: 'handshake', reason: 'x' };
  assert.equal(outcomeOf(httpOf({}, { kind: 'ssl' }), [handshake]), 'SSL handshake/communication error connecting to');
  const chunk: ProbeInput = { kind: 'received', bytes: new Uint8Array(1 << 20) };
  const endless = [connected, received('HTTP/1.1 200 OK\r\n\r\n'), ...Array.from({ length: 65 }, () => chunk)];
  assert.equal(outcomeOf(httpOf(), endless), 'HTTP body too long from');
});

test('SSL_GET: the answer as a whole has one timeout, and any end of it is the end of the page', () => {
  const ssl = httpOf({}, { kind: 'ssl' });
  const head = received('HTTP/1.1 200 OK\r\n\r\n');
  const readError: ProbeInput = { kind: 'failed', phase: 'read', reason: 'Connection reset by peer' };
  assert.equal(outcomeOf(ssl, [connected, head, readError]), 'success: HTTP status code');
  assert.equal(outcomeOf(httpOf(), [connected, head, readError]), 'Read error with');
  assert.equal(outcomeOf(ssl, [connected, received('HTTP/1.1 200'), readError]), 'Read, no data received from ');
  assert.equal(outcomeOf(ssl, [connected, received('HTTP/1.1 200'), ended]), 'SSL read error from');
  assert.equal(outcomeOf(ssl, [connected, timeout]), 'Timeout WEB read');
  assert.equal(outcomeOf(ssl, [connected, received(''), timeout]), 'Timeout SSL read');
  const restarts = (check: CheckKind, inputs: readonly ProbeInput[]): readonly boolean[] => {
    const attempt: Attempt = { ...someAttempt, check };
    const { probe } = kindOf(check.kind);
    let state = probe.begin(attempt, tools);
    return inputs.map((input) => {
      const next = probe.step(state, input, attempt, tools);
      state = next.state;
      return next.restartTimeout === true;
    });
  };
  const inputs = [connected, received('HTTP/1.1'), received(' 200 OK\r\n\r\n'), received('a')];
  assert.deepEqual(restarts(ssl, inputs), [true, true, false, false]);
  assert.deepEqual(restarts(httpOf(), inputs), [true, true, true, true]);
});

test('a server to which there is no way: no line about the attempt, but for those kinds that have one', () => {
  const subject: Subject = { checker: checker(), real: '[10.0.0.1]:tcp:80', server: virtualServer(), realServer: realServer('10.0.0.1') };
  for (const kind of ['tcp', 'udp', 'ping'] as const) {
    const text = outcomeOf({ kind, requireReply: false } as CheckKind, [noWay]);
    assert.equal(kindOf(kind).uncounted(subject, text, 1), undefined, kind);
  }
  const smtp = kindOf('smtp');
  const text = outcomeOf({ kind: 'smtp' }, [noWay]);
  const line = 'Network unreachable for server 10.0.0.1 - real server [10.0.0.1]:80';
  assert.equal(smtp.failure(subject, { text, retries: 1, first: true }), `SMTP_CHECK ${line}`);
  assert.equal(smtp.mail.down(subject, { text }), `CHECK failed on service : ${line}`);
});
