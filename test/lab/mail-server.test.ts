// The mail server of labs, asked by curl: a mail that SMTP takes comes back by POP3 and IMAP; a server that is full refuses mail alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lab, RunStep } from '../../src/lab/definition/lab.js';
import { evidenceOf, plainLab, skipWithoutNetns, withLabFile } from './weir-lab.js';

const AT = '10.7.0.2';
const LOGIN = 'curl --user joe:secret';
const ask = (command: string, answer: string): RunStep => ({
  kind: 'run',
  on: 'a',
  command: `${command} | tail -n 1`,
  expect: { answers: [answer] },
});
const send = (exit: number): RunStep => ({
  kind: 'run',
  on: 'a',
  command: `curl smtp://${AT} --mail-from joe@example.org --mail-rcpt ann@example.org --upload-file mail.txt`,
  expect: { exit },
});
/** curl's own status for a server that does not greet well. */
const WEIRD_SERVER = 8;

const lab = (): Lab => {
  const plain = plainLab([
    ask(`${LOGIN} pop3://${AT}/1`, 'Welcome from b'),
    send(0),
    ask(`${LOGIN} pop3://${AT}/2`, 'from a'),
    ask(`${LOGIN} 'imap://${AT}/INBOX;MAILINDEX=2'`, 'from a'),
    { kind: 'run', on: 'b', command: 'touch full' },
    send(WEIRD_SERVER),
    ask(`${LOGIN} pop3://${AT}/2`, 'from a'),
    { kind: 'served', expect: { b: 5 } },
  ]);
  const [a, b] = [plain.hosts['a'], plain.hosts['b']];
  if (a === undefined || b === undefined) throw new Error('the plain lab has hosts a and b');
  const sites = (['smtp', 'pop3', 'imap'] as const).map((protocol, index) => ({ port: [25, 110, 143][index] ?? 0, protocol }));
  return { ...plain, hosts: { a: { ...a, files: { 'mail.txt': 'Subject: a mail\n\nfrom a' } }, b: { ...b, sites } } };
};

test('mails by SMTP, POP3 and IMAP', { skip: skipWithoutNetns() }, async () => {
  const { evidence, status, stderr } = await withLabFile(lab(), (path) => evidenceOf(path));
  const failed = evidence.steps.flatMap(({ command, verdicts }) =>
    verdicts.filter(({ ok }) => !ok).map(({ what, expected, got }) => ({ command, what, expected, got })),
  );
  assert.deepEqual(failed, []);
  assert.equal(status, 0, stderr);
});
