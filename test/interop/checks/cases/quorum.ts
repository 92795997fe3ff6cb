// Quorum, hysteresis, sorry servers and omega, with their scripts, FIFO lines and mails.
import type { CheckCase } from '../types.js';
import { check, config, globals, real, virtual } from './text.js';

const tcp = (...lines: readonly string[]): string => check('TCP_CHECK', ...lines);
const once = tcp('retry 0');
const FIFO = ['lvs_notify_fifo @/fifo', 'lvs_notify_fifo_script "@/reader"', 'script_user root'];
const RELAY = [
  'notification_email {\n  to@example.com\n}',
  'notification_email_from from@example.com',
  'smtp_server 10.1.0.25',
  'router_id R',
];
const SCRIPTS = ['quorum_up "@/note quorum-up"', 'quorum_down "@/note quorum-down"'];
const notified = (name: string): readonly string[] => [`notify_up "@/note ${name}-up"`, `notify_down "@/note ${name}-down"`];

export const quorumCases: readonly CheckCase[] = [
  {
    name: 'quorum-hysteresis',
    what: 'quorum 3 with hysteresis 1 is lost below 2 and gained at 4',
    config: config(
      globals(...FIFO),
      virtual(
        'quorum 3',
        'hysteresis 1',
        ...SCRIPTS,
        real('a:80', 'weight 2', ...notified('a'), once),
        real('b:80', 'weight 1', ...notified('b'), once),
        real('c:80', 'weight 1', ...notified('c'), once),
      ),
    ),
    serve: { 'a:80': ['accept'], 'b:80': ['accept'], 'c:80': ['accept'] },
    racing: true,
    steps: [
      { attempts: ['a:80', 2], serve: { 'b:80': 'refuse' } },
      { until: 'Removing service [10.1.0.12]', serve: { 'c:80': 'refuse' } },
      { until: 'Removing service [10.1.0.13]', serve: { 'a:80': 'refuse' } },
      { until: 'Lost quorum', serve: { 'b:80': ['accept'] } },
      { until: 'Adding service [10.1.0.12]', serve: { 'a:80': ['accept'] } },
      { until: 'Adding service [10.1.0.11]', serve: { 'c:80': ['accept'] } },
      { until: 'Gained quorum' },
      { noted: ['quorum-up', 2] },
      { noted: ['VS [10.99.0.100]:tcp:80 UP', 2] },
      { noted: ['c-up', 1] },
    ],
  },
  {
    name: 'sorry',
    what: 'a sorry server serves while the last server is down',
    config: config(
      globals(...FIFO, ...RELAY, 'smtp_alert'),
      virtual(...SCRIPTS, 'sorry_server 10.1.0.14 80', real('a:80', ...notified('a'), once)),
    ),
    serve: { 'a:80': ['accept'] },
    steps: [
      { attempts: ['a:80', 2], serve: { 'a:80': 'refuse' } },
      { until: 'Removing alive servers', serve: { 'a:80': ['accept'] } },
      { until: 'Adding alive servers' },
      { until: 'SMTP alert successfully sent.', times: 2 },
      { noted: ['quorum-up', 2] },
      { noted: ['quorum-down', 1] },
      { noted: ['a-up', 1] },
      { noted: ['a-down', 1] },
      { noted: ['tcp:80 - UP', 3] },
      { noted: ['tcp:80 - DOWN', 2] },
      { noted: ['RS [10.1.0.11]:tcp:80 [10.99.0.100]:tcp:80 UP', 1] },
      { noted: ['VS [10.99.0.100]:tcp:80 UP', 2] },
    ],
  },
  {
    name: 'sorry-inhibit',
    what: 'sorry_server_inhibit leaves the sorry server with weight 0',
    config: config(virtual('sorry_server 10.1.0.14 80', 'sorry_server_inhibit', real('a:80', once), real('b:80', once))),
    serve: { 'a:80': ['accept'], 'b:80': ['accept'] },
    racing: true,
    steps: [
      { attempts: ['a:80', 2], serve: { 'a:80': 'refuse' } },
      { until: 'Removing service [10.1.0.11]', serve: { 'b:80': 'refuse' } },
      { until: 'Removing service [10.1.0.12]', serve: { 'a:80': ['accept'] } },
      { until: 'Adding service [10.1.0.11]' },
    ],
  },
  {
    name: 'sorry-quorum',
    what: 'with quorum 2 the sorry server serves while one server is alive',
    config: config(virtual('quorum 2', 'sorry_server 10.1.0.14 80', real('a:80', once), real('b:80', once))),
    serve: { 'a:80': ['accept'], 'b:80': ['accept'] },
    racing: true,
    steps: [
      { attempts: ['a:80', 2], serve: { 'a:80': 'refuse' } },
      { until: 'Removing alive servers', serve: { 'b:80': 'refuse' } },
      { until: 'Removing service [10.1.0.12]', serve: { 'b:80': ['accept'] } },
      { until: 'Adding service [10.1.0.12]', serve: { 'a:80': ['accept'] } },
      { until: 'Adding alive servers' },
    ],
  },
  {
    name: 'sorry-alpha',
    what: 'with alpha the sorry server serves from the start until the first success',
    config: config(globals(...FIFO), virtual('alpha', ...SCRIPTS, 'sorry_server 10.1.0.14 80', real('a:80', ...notified('a'), tcp()))),
    steps: [
      { attempts: ['a:80', 2], serve: { 'a:80': ['accept'] } },
      { until: 'Adding alive servers' },
      { noted: ['VS [10.99.0.100]:tcp:80 UP', 1] },
      { noted: ['quorum-down', 1] },
      { noted: ['quorum-up', 1] },
      { noted: ['a-up', 1] },
    ],
  },
  {
    name: 'omega',
    what: 'with omega a stop notifies servers and quorum',
    config: config(
      globals(...FIFO, ...RELAY, 'smtp_alert'),
      virtual('omega', ...SCRIPTS, real('a:80', ...notified('a'), tcp()), real('b:80', ...notified('b'), tcp())),
    ),
    serve: { 'a:80': ['accept'] },
    racing: true,
    steps: [
      { until: 'Removing service [10.1.0.12]' },
      { until: 'SMTP alert successfully sent.' },
      { noted: ['quorum-up', 1] },
      { noted: ['b-down', 1] },
      { noted: ['- UP |', 1] },
      { noted: ['DOWN |', 1] },
      { noted: ['VS [10.99.0.100]:tcp:80 UP', 1] },
      { noted: ['RS [10.1.0.12]:tcp:80 [10.99.0.100]:tcp:80 DOWN', 1] },
    ],
  },
  {
    name: 'init-notifies',
    what: 'rs_init_notifies notifies of servers that are up at the start',
    config: config(
      globals(...FIFO, 'rs_init_notifies'),
      virtual(...SCRIPTS, real('a:80', ...notified('a'), tcp()), real('b:80', 'inhibit_on_failure', ...notified('b'), tcp())),
    ),
    serve: { 'a:80': ['accept'], 'b:80': ['accept'] },
    racing: true,
    steps: [
      { attempts: ['a:80', 2] },
      { attempts: ['b:80', 1] },
      { noted: ['quorum-up', 1] },
      { noted: ['a-up', 1] },
      { noted: ['b-up', 1] },
    ],
  },
  {
    name: 'alerts',
    what: 'mails about servers and quorum, with the checks in their texts',
    config: config(
      globals(...RELAY, 'smtp_alert'),
      virtual(real('a:80', once), real('b:80', check('HTTP_GET', 'retry 0', 'url {\n  path /\n}'))),
    ),
    serve: { 'a:80': ['accept'] },
    racing: true,
    steps: [
      { until: 'Removing service [10.1.0.12]' },
      { attempts: ['a:80', 1], serve: { 'a:80': 'refuse' } },
      { until: 'Lost quorum', serve: { 'a:80': ['accept'] } },
      { until: 'Gained quorum' },
      { until: 'SMTP alert successfully sent.', times: 2 },
      { noted: ['Virtualserver [10.99.0.100]:tcp:80 - UP', 2] },
      { noted: ['Realserver [10.1.0.11]:tcp:80 of virtual server [10.99.0.100]:tcp:80 - UP', 1] },
    ],
  },
  {
    name: 'quorum-inhibit',
    what: 'quorum 2, with a sorry server and a server that stay with weight 0 (as recorded with a kernel that has IPVS)',
    config: config(
      virtual(
        'quorum 2',
        'sorry_server 10.1.0.14 80',
        'sorry_server_inhibit',
        real('a:80', 'weight 3', 'inhibit_on_failure', tcp()),
        real('b:80', tcp()),
      ),
    ),
    serve: { 'a:80': ['accept'], 'b:80': ['accept'] },
    racing: true,
    steps: [
      { attempts: ['a:80', 1], serve: { 'a:80': 'refuse' } },
      { until: 'Disabling service', serve: { 'a:80': ['accept'] } },
      { until: 'Enabling service', serve: { 'b:80': 'refuse' } },
      { until: 'Removing service', serve: { 'a:80': 'refuse' } },
      { until: 'Disabling service', serve: { 'b:80': ['accept'] } },
      { until: 'Adding service' },
    ],
  },
  {
    name: 'no-checker-emails',
    what: 'no_checker_emails mails only where a server comes or goes',
    config: config(globals(...RELAY, 'no_checker_emails'), virtual(real('a:80', once, tcp('retry 0', 'connect_port 81')))),
    serve: { 'a:80': ['accept'], 'a:81': ['accept'] },
    racing: true,
    steps: [
      { attempts: ['a:80', 2], serve: { 'a:80': 'refuse' } },
      { until: 'Removing service', serve: { 'a:81': 'refuse' } },
      { until: 'TCP_CHECK on service', serve: { 'a:81': ['accept'] } },
      { until: 'TCP connection', serve: { 'a:80': ['accept'] } },
      { until: 'Adding service' },
      { noted: ['- UP |', 1] },
    ],
  },
];
