// Reloads that change servers while some are down, servers that two virtual servers share, ha_suspend, flushes and timeouts.
import type { CheckCase } from '../types.js';
import { check, config, globals, real, virtual, virtualAt } from './text.js';

const once = check('TCP_CHECK', 'retry 0');
const both = { 'a:80': ['accept'], 'b:80': ['accept'] } as const;
/** Times after a reload begin again at a random moment. */
const uncounted = { '10.1.0': 'a reload begins the warmup again' };

export const reloadCases: readonly CheckCase[] = [
  {
    name: 'reload-adds',
    what: 'a reload brings a server while another is down',
    config: config(virtual(real('a:80', once), real('b:80', once))),
    serve: { 'b:80': ['accept'], 'c:80': ['accept'] },
    racing: true,
    uncounted,
    steps: [
      { until: 'Removing service [10.1.0.11]', reload: config(virtual(real('a:80', once), real('b:80', once), real('c:80', once))) },
      { until: 'Activating healthchecker for service [10.1.0.13]' },
      { attempts: ['c:80', 1], serve: { 'a:80': ['accept'] } },
      { until: 'Adding service [10.1.0.11]' },
    ],
  },
  {
    name: 'reload-removes',
    what: 'a reload takes a server out that is up, and one that is down',
    config: config(virtual(real('a:80', once), real('b:80', once), real('c:80', once))),
    serve: { 'b:80': ['accept'], 'c:80': ['accept'] },
    racing: true,
    uncounted,
    steps: [
      { until: 'Removing service [10.1.0.11]', reload: config(virtual(real('c:80', once))) },
      { until: 'Activating healthchecker for service [10.1.0.13]' },
      { attempts: ['c:80', 2] },
    ],
  },
  {
    name: 'reload-weight',
    what: 'a reload changes weights of servers that are up and down',
    config: config(virtual(real('a:80', 'weight 2', once), real('b:80', 'weight 2', once))),
    serve: { 'b:80': ['accept'] },
    racing: true,
    uncounted,
    steps: [
      { until: 'Removing service [10.1.0.11]', reload: config(virtual(real('a:80', 'weight 7', once), real('b:80', 'weight 8', once))) },
      { until: 'Activating healthchecker for service [10.1.0.12]' },
      { attempts: ['a:80', 1], serve: { 'a:80': ['accept'] } },
      { until: 'Adding service [10.1.0.11]' },
    ],
  },
  {
    name: 'reload-service',
    what: 'a reload removes a virtual server and brings another',
    config: config(virtual(real('a:80', once)), virtualAt('10.99.0.101 81', real('b:80', once))),
    serve: both,
    racing: true,
    uncounted,
    steps: [
      { attempts: ['b:80', 2], reload: config(virtual(real('a:80', once)), virtualAt('10.99.0.102 82', real('b:80', once))) },
      { until: 'Activating healthchecker for service [10.1.0.12]:tcp:80 for VS [10.99.0.102]' },
      { attempts: ['b:80', 1] },
    ],
  },
  {
    name: 'shared-server',
    what: 'two virtual servers with the same server: each decides for itself',
    config: config(virtual(real('a:80', once)), virtualAt('10.99.0.101 81', real('a:80', check('TCP_CHECK', 'retry 2')))),
    serve: { 'a:80': ['accept'] },
    racing: true,
    uncounted: { '10.1.0.11': 'attempts of two virtual servers look alike' },
    steps: [
      { attempts: ['a:80', 4], serve: { 'a:80': 'refuse' } },
      { until: 'Removing service [10.1.0.11]:tcp:80 from VS [10.99.0.101]', serve: { 'a:80': ['accept'] } },
      { until: 'Adding service', times: 2 },
    ],
  },
  {
    name: 'group',
    what: 'a virtual_server_group has the same servers at each address',
    config: config(
      'virtual_server_group g {\n  10.99.0.100 80\n  10.99.0.101 80\n}',
      virtualAt('group g', real('a:80', once), real('b:80', once)),
    ),
    serve: both,
    racing: true,
    steps: [
      { attempts: ['a:80', 2], serve: { 'a:80': 'refuse' } },
      { until: 'Removing service [10.1.0.11]', serve: { 'a:80': ['accept'] } },
      { until: 'Adding service [10.1.0.11]' },
    ],
  },
  {
    name: 'ha-suspend',
    what: 'checks wait while the address is on no interface',
    config: config(virtual('ha_suspend', real('a:80', once))),
    racing: true,
    uncounted: { '10.1.0.11': 'an address comes between two rounds' },
    steps: [
      { until: 'Deactivating healthchecker', ip: 'addr add 10.99.0.100/32 dev lo' },
      { until: 'Removing service', ip: 'addr del 10.99.0.100/32 dev lo' },
      { until: 'Suspending healthchecker' },
    ],
  },
  {
    name: 'timeouts',
    what: 'lvs_timeouts and lvs_flush_on_stop',
    config: config(globals('lvs_timeouts tcp 100 tcpfin 50 udp 20', 'lvs_flush_on_stop'), virtual(real('a:80', once), real('b:80', once))),
    serve: both,
    racing: true,
    steps: [{ attempts: ['a:80', 2] }],
  },
  {
    name: 'no-check',
    what: 'servers without checks are up, and stop without a word to anyone',
    config: config(
      virtual('quorum_up "@/note quorum-up"', 'quorum_down "@/note quorum-down"', real('a:80', 'notify_down "@/note down"'), real('b:80')),
    ),
    steps: [{ noted: ['quorum-up', 1] }],
  },
  {
    name: 'keep',
    what: '-I leaves the table at the stop',
    config: config(virtual(real('a:80', once), real('b:80', once))),
    serve: both,
    options: ['-I'],
    racing: true,
    steps: [{ attempts: ['a:80', 2] }],
  },
  {
    name: 'reload-quorum',
    what: 'a reload raises the quorum beyond the servers that are up, and lowers it again',
    config: config(virtual('sorry_server 10.1.0.14 80', real('a:80', once), real('b:80', once))),
    serve: { 'b:80': ['accept'] },
    racing: true,
    uncounted,
    steps: [
      {
        until: 'Removing service [10.1.0.11]',
        reload: config(virtual('quorum 2', 'sorry_server 10.1.0.14 80', real('a:80', once), real('b:80', once))),
      },
      { until: 'Removing alive servers', reload: config(virtual('sorry_server 10.1.0.14 80', real('a:80', once), real('b:80', once))) },
      { until: 'Adding alive servers' },
    ],
  },
  {
    name: 'reload-sorry',
    what: 'a reload takes the sorry server away while it serves',
    config: config(virtual('sorry_server 10.1.0.14 80', real('a:80', once))),
    racing: true,
    uncounted,
    steps: [
      { until: 'Removing alive servers', reload: config(virtual(real('a:80', once))) },
      { until: 'Activating healthchecker', serve: { 'a:80': ['accept'] } },
      { until: 'Adding service' },
    ],
  },
  {
    name: 'reload-inhibit',
    what: 'a reload adds inhibit_on_failure to a server that is down, and takes it away again',
    config: config(virtual(real('a:80', once), real('b:80', once))),
    serve: { 'b:80': ['accept'] },
    racing: true,
    uncounted,
    steps: [
      {
        until: 'Removing service [10.1.0.11]',
        reload: config(virtual(real('a:80', 'inhibit_on_failure', once), real('b:80', once))),
      },
      { until: 'Activating healthchecker for service [10.1.0.12]', reload: config(virtual(real('a:80', once), real('b:80', once))) },
      { until: 'Activating healthchecker for service [10.1.0.12]', serve: { 'a:80': ['accept'] } },
      { until: 'Adding service' },
    ],
  },
  {
    name: 'reload-dead',
    what: 'the first failure of a server that a reload brings is retried',
    config: config(virtual(real('a:80', once))),
    serve: both,
    racing: true,
    uncounted: { '10.1.0.11': 'a reload comes between two rounds' },
    steps: [
      { attempts: ['a:80', 2], reload: config(virtual(real('a:80', once), real('c:80', check('TCP_CHECK', 'retry 2')))) },
      { until: 'Removing service [10.1.0.13]' },
    ],
  },
];
