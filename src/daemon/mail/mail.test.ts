// What keepalived was recorded to send, and what a relay may do to it.
import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { emptyGlobal } from '../../../test/support/keepalived-configuration.js';
import { until } from '../../../test/support/until.js';
import { composeMail, mailDate } from './compose.js';
import { Mailer, type MailTimes } from './mailer.js';
import { shareQueries } from './relay-name.js';
import { sendMail } from './smtp.js';

const global = {
  ...emptyGlobal,
  routerId: 'LVS_A',
  emailFrom: 'ka@example.org',
  notificationEmail: ['ops@example.org', 'Second Person', '<two@example.org>'],
};
const at = new Date(2026, 10, 20, 12, 7, 51);
const compose = (type: 'INSTANCE' | 'GROUP', name: string, event: string) =>
  composeMail({ type, name, event }, global, 'vm', at) ?? assert.fail();

test('the mail of an instance and of a group, as recorded', () => {
  const { from, to, message } = compose('INSTANCE', 'VI_1', 'MASTER');
  assert.deepEqual([from, to], ['ka@example.org', ['ops@example.org', 'two@example.org']]);
  assert.equal(
    message,
    [
      `Date: ${mailDate(at)}`,
      'From: ka@example.org',
      'Subject: [LVS_A] VRRP Instance VI_1 - Entering MASTER state',
      'X-Mailer: Keepalived',
      'To: ops@example.org, Second Person <two@example.org>',
      '',
      '=> VRRP Instance is now owning VRRP VIPs <=',
      '',
      '',
    ].join('\r\n'),
  );
  assert.match(mailDate(at), /^Fri, 20 Nov 2026 12:07:51 [+-]\d{4}$/);
  assert.match(
    compose('INSTANCE', 'VI_1', 'FAULT').message,
    /Entering FAULT state[\s\S]*=> VRRP Instance is no longer owning VRRP VIPs <=/,
  );
  assert.match(
    compose('GROUP', 'G1', 'BACKUP').message,
    /VRRP Group G1 - Entering BACKUP state[\s\S]*=> All VRRP group instances are now in BACKUP state <=/,
  );
  assert.match(compose('INSTANCE', 'VI_1', 'SPLIT_BRAIN').message, /Subject: .* - Split brain\r\n/);
});

test("of a server: keepalived's text, and behind it a line of what the check saw", () => {
  const event = { type: 'SERVER', subject: 'Realserver X - DOWN', text: 'CHECK failed on service' } as const;
  const body = (detail?: string): string =>
    (composeMail({ ...event, ...(detail === undefined ? {} : { detail }) }, global, 'vm', at)?.message ?? '')
      .split('\r\n\r\n')
      .slice(1)
      .join('\r\n\r\n');
  assert.equal(body(), '=> CHECK failed on service <=\r\n\r\n');
  assert.equal(body('HTTP_GET: status\r\n.\r\n503'), '=> CHECK failed on service <=\r\n\r\nHTTP_GET: status  .  503\r\n', 'one line');
});

test('a name cannot add headers, and without recipients there is no mail', () => {
  assert.match(
    compose('INSTANCE', 'x\r\nBcc: evil@example.org', 'MASTER').message,
    /Subject: \[LVS_A\] VRRP Instance x {2}Bcc: evil@example.org -/,
  );
  assert.equal(composeMail({ type: 'GROUP', name: 'g', event: 'MASTER' }, emptyGlobal, 'vm', at), undefined);
});

/** A relay that answers each line by `answer`; what it received in `lines`. */
async function relay(answer: (line: string, inData: boolean) => string | undefined) {
  const lines: string[] = [];
  const server: Server = createServer((socket) => {
    let rest = '';
    let inData = false;
    socket.on('error', () => {});
    socket.write('220-a relay\r\n220 ready\r\n');
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\r\n');
      rest = parts.pop() ?? '';
      for (const line of parts) {
        lines.push(line);
        const reply = answer(line, inData);
        if (line === 'DATA') inData = true;
        if (inData && line === '.') inData = false;
        if (reply !== undefined) socket.write(`${reply}\r\n`);
      }
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { readonly port: number };
  return { lines, port, close: () => server.close() };
}
const polite = (line: string, inData: boolean): string | undefined => {
  if (inData) return line === '.' ? '250 taken' : undefined;
  return line === 'DATA' ? '354 go on' : line === 'QUIT' ? '221 bye' : '250 fine';
};

test('the whole dialogue, dots doubled', async () => {
  const { lines, port, close } = await relay(polite);
  try {
    await sendMail(
      { from: 'a@x', to: ['b@x', 'c@x'], message: 'Subject: s\r\n\r\n.dot\r\n' },
      { host: '127.0.0.1', port, helo: 'h', timeoutMs: 5000 },
    );
    assert.deepEqual(lines, [
      'HELO h',
      'MAIL FROM:<a@x>',
      'RCPT TO:<b@x>',
      'RCPT TO:<c@x>',
      'DATA',
      'Subject: s',
      '',
      '..dot',
      '.',
      'QUIT',
    ]);
  } finally {
    close();
  }
});

/** Nothing listens there, and no other process gets it by chance. */
const DEAD_PORT = 1;
/** For a relay that answers, on a busy machine too; and for one that is meant to be late. */
const [PATIENT_US, SOON_US] = [60_000_000, 4_000_000];
const TIMES: MailTimes = { pauseMs: 20, pauseMaxMs: 40, keptMs: 60_000 };

/** A mailer whose relay a test sets, and what it logs. */
function mailerBed(times = TIMES, smtpTimeoutUs = PATIENT_US) {
  const logged: string[] = [];
  const details: string[] = [];
  const current: { smtpServer?: { readonly host: string; readonly port: number } } = {};
  const log = (level: string, text: string): void => void (level === 'debug' ? details : logged).push(text.replace(/ port \d+/, ''));
  const settings = () => ({ ...global, smtpTimeoutUs, ...current });
  const mailer = new Mailer(log, settings, times);
  const send = (count = 1): void => {
    for (let n = 0; n < count; n++) mailer.send({ type: 'INSTANCE', name: 'VI_1', event: 'MASTER' });
  };
  const use = (port: number, host = '127.0.0.1'): void => {
    current.smtpServer = { host, port };
  };
  return { logged, details, send, use };
}

test('a name for HELO cannot add commands', async () => {
  const { lines, port, close } = await relay(polite);
  try {
    const helo = 'h\r\nRCPT TO:<evil@x>\nx';
    await sendMail({ from: 'a@x', to: ['b@x'], message: 'Subject: s\r\n' }, { host: '127.0.0.1', port, helo, timeoutMs: 5000 });
    assert.deepEqual(lines.slice(0, 3), ['HELO h  RCPT TO:<evil@x> x', 'MAIL FROM:<a@x>', 'RCPT TO:<b@x>']);
  } finally {
    close();
  }
});

test('a relay that refuses or is silent: logged once each, and sent again what it did not refuse', async () => {
  const { logged, details, send, use } = mailerBed(TIMES, SOON_US);
  const refusing = await relay((line) => (line.startsWith('RCPT') ? '550 nobody' : '250 fine'));
  const silent = await relay(() => undefined);
  const good = await relay(polite);
  try {
    send();
    use(refusing.port);
    send(2);
    await until(() => refusing.lines.filter((line) => line.startsWith('RCPT')).length >= 2);
    use(silent.port);
    send();
    await until(() => silent.lines.length >= 2);
    // The one that waits goes to the relay that a reload names.
    use(good.port);
    await until(() => logged.at(-1)?.startsWith('Mails are taken again') === true);
    assert.deepEqual(logged, [
      'Mail was not sent: there is no smtp_server',
      'Mail was not sent: SMTP server 127.0.0.1: RCPT: 550 nobody',
      'Mail was not sent: SMTP server 127.0.0.1: no answer within 4 s',
      'Mails are taken again; lost meanwhile: 2',
    ]);
    // With -D, as keepalived has them.
    assert.deepEqual(
      details.slice(-2).map((text) => text.replace(/:\d+ /, ':25 ')),
      ['Remote SMTP server [127.0.0.1]:25 connected.', 'SMTP alert successfully sent.'],
    );
    assert.equal(good.lines.filter((line) => line === 'DATA').length, 1);
  } finally {
    for (const { close } of [refusing, silent, good]) close();
  }
});

test('a relay whose name does not resolve: logged once, tried again after longer pauses, and no mail is lost', async () => {
  const { logged, send, use } = mailerBed();
  const good = await relay(polite);
  try {
    use(25, 'relay.invalid');
    send(3);
    await until(() => logged.length >= 1);
    await new Promise((done) => setTimeout(done, 300));
    assert.match(logged.join(), /^Mail was not sent: SMTP server relay\.invalid: its name does not resolve$/);
    use(DEAD_PORT, 'localhost');
    await until(() => logged.length >= 2);
    assert.match(logged[1] ?? '', /^Mail was not sent: SMTP server localhost: connect ECONNREFUSED/);
    use(good.port, 'localhost');
    await until(() => good.lines.filter((line) => line === 'QUIT').length === 3);
    await until(() => logged.length >= 3);
    assert.deepEqual(logged.slice(2), ['Mails are taken again']);
  } finally {
    good.close();
  }
});

test('mails wait for a dead relay in bounds: the oldest are given up, no more than a hundred wait, and a line counts the lost', async () => {
  const { logged, send, use } = mailerBed({ pauseMs: 10, pauseMaxMs: 20, keptMs: 300 });
  use(DEAD_PORT);
  send(150);
  await until(() => logged.length >= 2);
  assert.match(logged[0] ?? '', /^A mail is lost, more may follow: 100 others wait$/);
  assert.match(logged[1] ?? '', /^Mail was not sent: SMTP server 127\.0\.0\.1: connect ECONNREFUSED/);
  await new Promise((done) => setTimeout(done, 800));
  const good = await relay(polite);
  try {
    use(good.port);
    send();
    await until(() => logged.length >= 3);
    assert.deepEqual(logged.slice(2), ['Mails are taken again; lost meanwhile: 150']);
  } finally {
    good.close();
  }
});

test('a mail that the relay may have taken is not sent twice', async () => {
  const { logged, send, use } = mailerBed(TIMES, SOON_US);
  const forgetful = await relay((line, inData) => (inData && line === '.' ? undefined : polite(line, inData)));
  try {
    use(forgetful.port);
    send();
    await until(() => logged.length >= 1);
    await new Promise((done) => setTimeout(done, 300));
    assert.equal(forgetful.lines.filter((line) => line === 'DATA').length, 1);
  } finally {
    forgetful.close();
  }
});

test('one query for a name is under way at a time, and all who ask get its answer', () => {
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const ask = shareQueries((name, _options, callback) => {
    asked.push(name);
    answers.push(() => callback(null, `${asked.length}`, 4));
  });
  const got: string[] = [];
  for (const name of ['a', 'a', 'b', 'a']) ask(name, {}, (_error, address) => void got.push(`${name} ${String(address)}`));
  assert.deepEqual(asked, ['a', 'b']);
  answers[0]?.();
  assert.deepEqual(got, ['a 2', 'a 2', 'a 2']);
  ask('a', {}, () => {});
  assert.deepEqual(asked, ['a', 'b', 'a']);
});

/** A relay that does this with each connection, and how its mail ended. */
async function failureAt(behave: (socket: Socket) => void, timeoutMs = 60_000): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.resume();
    behave(socket);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { readonly port: number };
  try {
    await sendMail({ from: 'a@x', to: ['b@x'], message: 'Subject: s\r\n' }, { host: '127.0.0.1', port, helo: 'h', timeoutMs });
    return 'taken';
  } catch (error) {
    return (error as Error).message;
  } finally {
    server.close();
  }
}

test('a relay that is slow, has no end or sends garbage costs bounded time, memory and log', async () => {
  const drip = (text: string) => (socket: Socket) => {
    let at = 0;
    const timer = setInterval(() => socket.write(text[at++ % text.length] ?? ''), 20);
    socket.on('close', () => clearInterval(timer));
  };
  // It is never silent for its timeout, and never ends an answer.
  assert.equal(await failureAt(drip('220-more\r\n'), 500), 'no answer within 0.5 s');
  assert.equal(await failureAt(drip('x'), 500), 'no answer within 0.5 s');
  const endless = (text: string) => (socket: Socket) => {
    const pour = (): void => {
      while (!socket.destroyed && socket.write(text));
    };
    socket.on('drain', pour);
    pour();
  };
  for (const text of ['220-more\r\n'.repeat(1000), 'x'.repeat(10_000)])
    assert.equal(await failureAt(endless(text)), 'its answer has no end');
  assert.equal(await failureAt((socket) => socket.end('\0\xff garbage')), 'it hung up');
  assert.equal(
    await failureAt((socket) => socket.write(`554 ${'no '.repeat(1000)}\r\n`)).then((text) => text.length),
    'greeting: '.length + 200,
  );
});
