import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MailProtocol } from '../definition/lab.js';
import { firstMail, type MailServer, mailSession } from './mail-sessions.js';

const serverOf = (isFull = false): MailServer => ({
  host: 'mail1',
  greeting: 'Welcome from mail1',
  mails: [firstMail('mail1', 'Welcome from mail1')],
  isFull: () => isFull,
});

/** The answers to a conversation, its greeting first; `served`: mails that were taken or handed out. */
function held(server: MailServer, protocol: MailProtocol, ...input: readonly string[]) {
  const session = mailSession(protocol, server);
  const answers = [session.begin(), ...input.map((text) => session.line(text))];
  return {
    sent: answers.map(({ send }) => send),
    ends: answers.at(-1)?.ends === true,
    served: answers.filter(({ served }) => served).length,
  };
}

test('a mail that SMTP takes is handed out by POP3 and IMAP, its dots as they were', () => {
  const server = serverOf();
  const mail = ['Subject: dots', '', '..one', 'two'];
  const taken = held(server, 'smtp', 'EHLO client', 'MAIL FROM:<a@lab>', 'RCPT TO:<b@lab>', 'DATA', ...mail, '.', 'QUIT');
  assert.deepEqual(
    [taken.sent[0], taken.sent[4], taken.sent.at(-2)],
    ['220 mail1 ESMTP Welcome from mail1\r\n', '354 the mail, then a line with a dot\r\n', '250 taken\r\n'],
  );
  assert.deepEqual([taken.ends, taken.served], [true, 1]);
  const whole = 'Subject: dots\r\n\r\n.one\r\ntwo\r\n';
  const fetched = held(server, 'imap', 'A001 LOGIN joe secret', 'A002 SELECT INBOX', 'A003 FETCH 2 BODY[]', 'A004 LOGOUT');
  assert.deepEqual(fetched.sent, [
    '* OK Welcome from mail1\r\n',
    'A001 OK\r\n',
    '* 2 EXISTS\r\nA002 OK\r\n',
    `* 2 FETCH (BODY[] {${whole.length}}\r\n${whole})\r\nA003 OK\r\n`,
    '* BYE\r\nA004 OK\r\n',
  ]);
  const retrieved = held(server, 'pop3', 'USER joe', 'PASS secret', 'RETR 2', 'QUIT');
  assert.equal(retrieved.sent[3], '+OK\r\nSubject: dots\r\n\r\n..one\r\ntwo\r\n.\r\n');
  assert.deepEqual([retrieved.ends, retrieved.served, fetched.served], [true, 1, 1]);
});

test('a server that is full refuses SMTP alone', () => {
  const full = serverOf(true);
  assert.deepEqual(held(full, 'smtp'), { sent: ['421 mail1 takes no mail at the moment\r\n'], ends: true, served: 0 });
  assert.deepEqual(held(full, 'pop3', 'LIST').sent, ['+OK Welcome from mail1\r\n', `+OK\r\n1 ${full.mails[0]?.length}\r\n.\r\n`]);
});

test('what is not known, or not there, is refused, and the session goes on', () => {
  assert.deepEqual(held(serverOf(), 'pop3', 'TOP 1 0', 'RETR 7').sent.slice(1), ['-ERR not known here\r\n', '-ERR no such mail\r\n']);
  assert.deepEqual(held(serverOf(), 'imap', 'A1 IDLE', 'A2 FETCH 7 BODY[]').sent.slice(1), [
    'A1 BAD not known here\r\n',
    'A2 NO such mail\r\n',
  ]);
  assert.deepEqual(held(serverOf(), 'smtp', 'STARTTLS').sent.slice(1), ['502 not known here\r\n']);
});
