// A mail pool under VS/DR: SMTP, POP3 and IMAP on two servers, each port a service with checks and a scheduler of its own. One server takes no
// mail while all its ports accept connections; another one ends.
import type { Lab, LabHost, RunStep, Step, WaitStep } from '../definition/lab.js';
import { KEEPALIVED } from './dual.js';
import { described, explained, logLines, mark, run } from './steps.js';

const VIP = '192.0.2.60';
const FIRST = 61;
const SECOND = 62;
const POP3 = 110;
const [SMTP, IMAP] = [25, 143] as const;

interface MailService {
  readonly port: number;
  readonly check: 'SMTP_CHECK' | 'TCP_CHECK';
  readonly settings: readonly string[];
  readonly serverSettings: readonly string[];
}

const services: readonly MailService[] = [
  { port: SMTP, check: 'SMTP_CHECK', settings: ['lvs_sched lc'], serverSettings: [] },
  { port: POP3, check: 'TCP_CHECK', settings: ['lvs_sched rr', 'persistence_timeout 300'], serverSettings: [] },
  { port: IMAP, check: 'TCP_CHECK', settings: ['lvs_sched lc'], serverSettings: ['inhibit_on_failure'] },
];

const realServer = ({ port, check, serverSettings }: MailService, last: number): string => `
    real_server 192.0.2.${last} ${port} {
        weight 1
${serverSettings.map((line) => `        ${line}\n`).join('')}        ${check} {
            connect_timeout 3
            retry 1
            delay_before_retry 1
        }
    }
`;

const virtualServer = (service: MailService): string => `
virtual_server ${VIP} ${service.port} {
    delay_loop 2
${service.settings.map((line) => `    ${line}\n`).join('')}    lvs_method DR
    protocol TCP
${realServer(service, FIRST)}${realServer(service, SECOND)}}
`;

const CONFIGURATION = `global_defs {
    router_id lvs1
}
${services.map(virtualServer).join('')}`;

const MAIL = 'Subject: a mail\n\nfrom client1\n';
const SEND = `curl smtp://${VIP} --mail-from joe@example.org --mail-rcpt ann@example.org --upload-file mail.txt`;
const retrieve = (url: string): string => `curl --user joe:secret '${url}' | tail -n 1`;
const POP3_FIRST = retrieve(`pop3://${VIP}/1`);
const IMAP_FIRST = retrieve(`imap://${VIP}/INBOX;MAILINDEX=1`);

const sends = (times: number): RunStep => ({ kind: 'run', on: 'client1', command: SEND, times });
const receives = (on: string, command: string, ...hosts: readonly string[]): RunStep => ({
  kind: 'run',
  on,
  command,
  times: hosts.length,
  expect: { answers: hosts.map((host) => `Welcome from ${host}`) },
});

const nameOf = (last: number, port: number): string => `[192.0.2.${last}]:tcp:${port}`;
const row = (last: number, port: number, weight = 1): string => `^-> 192\\.0\\.2\\.${last}:${port} Route ${weight} `;

/** The director's table, when it has these rows and lacks those. */
const serves = (matches: readonly string[], lacks: readonly string[] = []): WaitStep => ({
  kind: 'wait',
  on: 'lvs1',
  command: 'ipvsadm -Ln',
  seconds: 60,
  expect: { matches, ...(lacks.length > 0 ? { lacks } : {}) },
});

const ports = [SMTP, POP3, IMAP];
const all = serves([FIRST, SECOND].flatMap((last) => ports.map((port) => row(last, port))));

const balanced: readonly Step[] = [
  described('SMTP goes to the server with the fewest connections.', mark),
  sends(4),
  { kind: 'served', expect: { mail1: 2, mail2: 2 } },
  described('A mailbox of POP3 is on one server: its service is persistent, each client keeps its server.', mark),
  receives('client1', POP3_FIRST, 'mail2', 'mail2', 'mail2'),
  receives('client2', POP3_FIRST, 'mail1', 'mail1', 'mail1'),
  run('lvs1', 'ipvsadm -Ln', { contains: [`TCP ${VIP}:${SMTP} lc`, `TCP ${VIP}:${POP3} rr persistent 300`, `TCP ${VIP}:${IMAP} lc`] }),
  { kind: 'served', expect: { mail1: 3, mail2: 3 } },
  described('Why a client of POP3 gets the server that it gets.', {
    ...explained('lvs1', '192.0.2.10', `${VIP}:${POP3}`, `template 192.0.2.10 -> 192.0.2.${SECOND}:${POP3},`, 'leads the client there'),
  }),
  described('IMAP, one connection after the other.', receives('client1', IMAP_FIRST, 'mail2', 'mail1', 'mail2', 'mail1')),
  described('The servers answer the client themselves.', {
    kind: 'traffic',
    expect: [
      { say: 'answers from the VIP at the director', at: 'lvs1', protocol: 'tcp', source: VIP, packets: 0 },
      { say: 'IMAP from mail1', at: 'client1', direction: 'to', from: 'mail1', source: VIP, sourcePort: IMAP, flags: 'SA', packets: 2 },
      { say: 'IMAP from mail2', at: 'client1', direction: 'to', from: 'mail2', source: VIP, sourcePort: IMAP, flags: 'SA', packets: 2 },
    ],
  }),
];

const full: readonly Step[] = [
  described('mail1 takes no mail: its port 25 accepts connections, and greets with 421. SMTP_CHECK notices, and POP3 and IMAP go on.', {
    ...run('mail1', 'touch full'),
  }),
  serves([row(SECOND, SMTP), row(FIRST, POP3), row(FIRST, IMAP)], [`192.0.2.${FIRST}:${SMTP}`]),
  logLines(
    'lvs1',
    `SMTP_CHECK Bad greeting banner from server [192.0.2.${FIRST}]:${SMTP}`,
    `Removing service ${nameOf(FIRST, SMTP)} from VS [${VIP}]:tcp:${SMTP}`,
  ),
  explained(
    'lvs1',
    '192.0.2.10',
    `${VIP}:${SMTP}`,
    'verdict forwarded',
    `service TCP ${VIP}:${SMTP} lc`,
    `chosen 192.0.2.${SECOND}:${SMTP} route`,
  ),
  mark,
  sends(3),
  receives('client2', POP3_FIRST, 'mail1'),
  { kind: 'served', expect: { mail1: 1, mail2: 3 } },
  described('It takes mail again.', run('mail1', 'rm full')),
  all,
  logLines('lvs1', `Adding service ${nameOf(FIRST, SMTP)} to VS [${VIP}]:tcp:${SMTP}`),
];

const ended: readonly Step[] = [
  described(
    'mail2 ends. inhibit_on_failure: IMAP gives it weight 0 instead of removing it, so that open mailboxes would stay.',
    run('mail2', 'kill $(cat mail.pid)'),
  ),
  serves(
    [row(FIRST, SMTP), row(FIRST, POP3), row(FIRST, IMAP), row(SECOND, IMAP, 0)],
    [`192.0.2.${SECOND}:${SMTP}`, `192.0.2.${SECOND}:${POP3}`],
  ),
  mark,
  sends(2),
  described('Persistence does not bind clients to a server that is gone.', receives('client1', POP3_FIRST, 'mail1', 'mail1')),
  receives('client1', IMAP_FIRST, 'mail1', 'mail1'),
  { kind: 'served', expect: { mail1: 6 } },
  described('It comes back.', run('mail2', 'weir lab serve $PWD/mail.json >mail.out 2>&1 &')),
  all,
  mark,
  sends(4),
  { kind: 'served', expect: { mail2: { min: 1 } } },
];

const lan = (last: number): LabHost => ({ interfaces: { eth0: { switch: 'lan', addresses: [`192.0.2.${last}/24`] } } });
const server = (last: number): LabHost => ({
  ...lan(last),
  sites: [
    { port: SMTP, protocol: 'smtp' },
    { port: POP3, protocol: 'pop3' },
    { port: IMAP, protocol: 'imap' },
  ],
});
const client = (last: number): LabHost => ({ ...lan(last), files: { 'mail.txt': MAIL } });

export const mail: Lab = {
  name: 'mail',
  title: 'a mail pool under VS/DR: SMTP, POP3 and IMAP, each with its own check; a server that takes no mail, and one that ends',
  switches: ['lan'],
  hosts: {
    client1: client(10),
    client2: client(11),
    lvs1: {
      director: true,
      interfaces: { eth0: { switch: 'lan', addresses: ['192.0.2.1/24', `${VIP}/24`] } },
      files: { 'keepalived.conf': CONFIGURATION },
    },
    mail1: server(FIRST),
    mail2: server(SECOND),
  },
  needs: ['curl'],
  steps: [
    run('mail1', `weir realserver start --vip ${VIP}`),
    run('mail2', `weir realserver start --vip ${VIP}`),
    described('Each port is a virtual server of its own; the director runs one daemon for all.', run('lvs1', KEEPALIVED)),
    all,
    ...balanced,
    ...full,
    ...ended,
  ],
};
