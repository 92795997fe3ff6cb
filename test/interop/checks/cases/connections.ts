// TCP_CHECK and the rules that all checks share: up, down and back; retries and delays; alpha; inhibit_on_failure.
import { http } from '../servers.js';
import type { CheckCase } from '../types.js';
import { check, config, globals, real, virtual } from './text.js';

const tcp = (...lines: readonly string[]): string => check('TCP_CHECK', ...lines);
const once = tcp('retry 0');

export const connectionCases: readonly CheckCase[] = [
  {
    name: 'tcp-flap',
    what: 'a server is up, refused, and up again',
    config: config(virtual(real('a:80', tcp()), real('b:80', 'weight 3', tcp()))),
    serve: { 'a:80': ['accept'], 'b:80': ['accept'] },
    racing: true,
    steps: [
      { until: 'TCP connection to [10.1.0.11]:tcp:80 success.' },
      { attempts: ['b:80', 1], serve: { 'a:80': 'refuse' } },
      { until: 'Removing service [10.1.0.11]', serve: { 'a:80': ['accept'] } },
      { until: 'Adding service [10.1.0.11]' },
      { attempts: ['a:80', 1] },
    ],
  },
  {
    name: 'tcp-retries',
    what: 'three retries before a server is down; the first failure of all counts without one',
    config: config(virtual(real('a:80', tcp('retry 3')), real('b:80', tcp('retry 3')))),
    serve: { 'a:80': ['accept'] },
    racing: true,
    steps: [
      { until: 'Removing service [10.1.0.12]' },
      { attempts: ['a:80', 1], serve: { 'a:80': 'refuse' } },
      { until: 'Removing service [10.1.0.11]' },
      { attempts: ['a:80', 2] },
    ],
  },
  {
    name: 'tcp-no-retry',
    what: 'retry 0: one failure is enough, each time',
    config: config(virtual(real('a:80', once), real('b:80', once))),
    serve: { 'a:80': ['accept'], 'b:80': ['accept'] },
    racing: true,
    steps: [
      { attempts: ['a:80', 2], serve: { 'a:80': 'refuse' } },
      { until: 'Removing service [10.1.0.11]', serve: { 'a:80': ['accept'] } },
      { until: 'Adding service [10.1.0.11]', serve: { 'a:80': 'refuse' } },
      { until: 'Removing service [10.1.0.11]' },
    ],
  },
  {
    name: 'tcp-recovers-in-retries',
    what: 'a failure that is followed by a success in the retries changes nothing, and is counted from the beginning the next time',
    config: config(virtual('retry 2', real('a:80', tcp()))),
    serve: { 'a:80': ['accept'] },
    steps: [
      { attempts: ['a:80', 2], serve: { 'a:80': 'refuse' } },
      { attempts: ['a:80', 2], serve: { 'a:80': ['accept'] } },
      { attempts: ['a:80', 2], serve: { 'a:80': 'refuse' } },
      { until: 'Removing service [10.1.0.11]' },
    ],
  },
  {
    name: 'tcp-all-failures',
    what: 'log_all_failures and checker_log_all_failures log each attempt that fails',
    config: config(globals('checker_log_all_failures'), virtual('retry 2', real('a:80', tcp()), real('b:80', tcp('log_all_failures')))),
    serve: { 'a:80': ['accept'] },
    racing: true,
    steps: [
      { until: 'Removing service [10.1.0.12]' },
      { attempts: ['a:80', 1], serve: { 'a:80': 'refuse' } },
      { until: 'Removing service [10.1.0.11]', serve: { 'b:80': ['accept'] } },
      { until: 'Adding service [10.1.0.12]', serve: { 'b:80': 'refuse' } },
      { until: 'Removing service [10.1.0.12]' },
      { attempts: ['b:80', 1] },
    ],
  },
  {
    name: 'tcp-down',
    what: 'a server that is down is retried in each round; a line about its other check shows when its attempts were',
    config: config(virtual(real('a:80', tcp(), check('HTTP_GET', 'connect_port 81', 'retry 0', 'delay_loop 7.5', 'url {\n  path /\n}')))),
    serve: { 'a:81': [http(200), http(503), http(200)] },
    steps: [{ until: 'HTTP_CHECK on service', serve: { 'a:80': ['accept'] } }, { until: 'TCP connection to [10.1.0.11]' }],
  },
  {
    name: 'tcp-silent',
    what: 'a server that answers nothing fails after connect_timeout',
    config: config(virtual('retry 1', real('a:80', tcp('connect_timeout 2')), real('b:80', tcp()))),
    serve: { 'a:80': ['accept'], 'b:80': ['accept'] },
    racing: true,
    steps: [{ attempts: ['a:80', 2], serve: { 'a:80': 'silent' } }, { until: 'Removing service [10.1.0.11]' }, { attempts: ['a:80', 1] }],
  },
  {
    name: 'alpha',
    what: 'with alpha a server is out until its first success; one that fails from the start stays out',
    config: config(virtual('alpha', real('a:80', tcp()), real('b:80', tcp()))),
    serve: { 'a:80': ['accept'] },
    racing: true,
    steps: [
      { until: 'Adding service [10.1.0.11]' },
      { attempts: ['b:80', 2], serve: { 'b:80': ['accept'] } },
      { until: 'Adding service [10.1.0.12]' },
    ],
  },
  {
    name: 'inhibit',
    what: 'inhibit_on_failure leaves a server with weight 0, and gives its weight back',
    config: config(virtual(real('a:80', 'weight 5', 'inhibit_on_failure', tcp()), real('b:80', 'weight 2', 'inhibit_on_failure', tcp()))),
    serve: { 'a:80': ['accept'] },
    racing: true,
    steps: [
      { until: 'Disabling service [10.1.0.12]' },
      { attempts: ['a:80', 1], serve: { 'b:80': ['accept'] } },
      { until: 'Enabling service [10.1.0.12]', serve: { 'a:80': 'refuse' } },
      { until: 'Disabling service [10.1.0.11]', serve: { 'a:80': ['accept'] } },
      { until: 'Enabling service [10.1.0.11]', serve: { 'b:80': 'refuse' } },
      { until: 'Disabling service [10.1.0.12]' },
    ],
  },
  {
    name: 'two-checks',
    what: 'a server with two checks is out while either fails',
    config: config(virtual(real('a:80', once, tcp('retry 0', 'connect_port 81')), real('b:80', once))),
    serve: { 'a:80': ['accept'], 'a:81': ['accept'], 'b:80': ['accept'] },
    racing: true,
    steps: [
      { attempts: ['a:80', 2], serve: { 'a:80': 'refuse' } },
      { until: 'Removing service [10.1.0.11]', serve: { 'a:81': 'refuse' } },
      { until: 'TCP_CHECK on service [10.1.0.11]:tcp:80 failed', serve: { 'a:80': ['accept'] } },
      { until: 'TCP connection to [10.1.0.11]', serve: { 'a:81': ['accept'] } },
      { until: 'Adding service [10.1.0.11]' },
    ],
  },
];
