// Name-based sites behind a VIP by VS/DR: a site that is broken while its port answers is found by a script (MISC_CHECK), and natively by
// HTTP_GET with virtualhost and regex.
import type { Lab, LabHost, Step, WaitStep } from '../definition/lab.js';
import { KEEPALIVED } from './dual.js';
import { described, explained, logLines, run } from './steps.js';

const VIP = '192.168.2.212';
const SITE = 'sys.esunny.com';

/** keepalived.conf of the director. A test holds examples/keepalived/misc-check.conf against it. `scripts`: where the script is. */
export const miscCheckConfiguration = (scripts: string): string => `global_defs {
    router_id lvs1
    script_user root
    enable_script_security
}

virtual_server ${VIP} 80 {
    delay_loop 2
    lvs_sched wrr
    lvs_method DR
    protocol TCP

    real_server 192.168.2.24 80 {
        weight 120
        MISC_CHECK {
            misc_path "${scripts}/sysesunnycheck.sh 192.168.2.24"
            misc_timeout 5
            retry 1
            delay_before_retry 1
        }
    }
    real_server 192.168.2.25 80 {
        weight 120
        HTTP_GET {
            virtualhost ${SITE}
            url {
                path /monitor.html
                status_code 200
                regex <body>OK</body>
            }
            connect_timeout 5
            retry 1
            delay_before_retry 1
        }
    }
}
`;

/** Asks one server for the site's own page: exit 0 where the site works. */
export const SITE_CHECK = `#!/bin/sh
# sysesunnycheck.sh ADDRESS: whether the site sys.esunny.com works on this server. For MISC_CHECK.
curl --silent --fail --max-time 4 --header 'Host: ${SITE}' "http://$1/monitor.html" | grep -q '<body>OK</body>'
`;

/** nginx with two sites by name: the one that is checked, and any other name. */
const NGINX = `daemon off;
user root;
worker_processes 1;
pid nginx.pid;
events { }
http {
  default_type text/html;
  access_log off;
  server {
    listen 80 default_server;
    location / { return 200 "another site\\n"; }
  }
  server {
    listen 80;
    server_name ${SITE};
    root site;
  }
}
`;

const page = (body: string): string => `echo "<html><body>${body}</body></html>" >site/monitor.html`;

const web = (last: number): LabHost => ({
  interfaces: { eth0: { switch: 'lan', addresses: [`192.168.2.${last}/24`] } },
  files: { 'nginx.conf': NGINX },
});

const VS = `[${VIP}]:tcp:80`;
const nameOf = (last: number): string => `[192.168.2.${last}]:tcp:80`;
const row = (last: number): string => `-> 192\\.168\\.2\\.${last}:80 Route 120`;

const serves = (...servers: readonly number[]): WaitStep => ({
  kind: 'wait',
  on: 'lvs1',
  command: 'ipvsadm -Ln',
  seconds: 60,
  expect: {
    contains: [`TCP ${VIP}:80 wrr`],
    matches: servers.map(row),
    ...(servers.length === 2 ? {} : { lacks: [24, 25].filter((one) => !servers.includes(one)).map((one) => `192.168.2.${one}:80`) }),
  },
});

const ask = (host: string): string => `curl -H 'Host: ${host}' http://${VIP}/`;

/** Starts a web server with the site, and the VIP on lo. */
const setUp = (name: string): readonly Step[] => [
  run(name, `mkdir site && echo "${SITE} on ${name}" >site/index.html && ${page('OK')}`),
  run(name, 'nginx -p $PWD/ -e $PWD/error.log -c $PWD/nginx.conf >nginx.out 2>&1 &'),
  run(name, `weir realserver start --vip ${VIP}`),
];

const steps: readonly Step[] = [
  ...setUp('web1'),
  ...setUp('web2'),
  described('The script of MISC_CHECK. Its arguments stand within the quotes of misc_path.', run('lvs1', 'cat sysesunnycheck.sh')),
  run('lvs1', 'chmod 755 sysesunnycheck.sh'),
  run('lvs1', KEEPALIVED),
  serves(24, 25),
  run('client1', `for i in 1 2 3 4; do ${ask(SITE)}; done | sort | uniq -c`, { contains: [`2 ${SITE} on web1`, `2 ${SITE} on web2`] }),
  run('client1', ask('www.example.com'), { answers: ['another site'] }),

  described('The application behind the site breaks on web1. Its port answers, and so does the other site.', run('web1', page('DB ERROR'))),
  serves(25),
  explained('lvs1', '192.168.2.10', `${VIP}:80`, 'verdict forwarded', 'chosen 192.168.2.25:80 route weight 120'),
  logLines(
    'lvs1',
    `Misc check for [${nameOf(24)} VS ${VS}] by [`,
    'failed after 1 retry (exited with status 1).',
    `Removing service ${nameOf(24)} from VS ${VS}`,
  ),
  run('client1', `for i in 1 2 3 4; do ${ask(SITE)}; done | sort | uniq -c`, { contains: [`4 ${SITE} on web2`] }),
  described('It works again.', run('web1', page('OK'))),
  serves(24, 25),
  logLines('lvs1', 'succeeded.', `Adding service ${nameOf(24)} to VS ${VS}`),

  described('The same on web2, which HTTP_GET checks by the name of the site and a regular expression.', run('web2', page('DB ERROR'))),
  serves(24),
  logLines('lvs1', `HTTP_CHECK on service ${nameOf(25)} failed after 1 retries.`, `Removing service ${nameOf(25)} from VS ${VS}`),
  described("The log has keepalived's line; why it failed, since when and when it is asked again is here.", {
    kind: 'wait',
    on: 'lvs1',
    command: 'weir stats health',
    seconds: 60,
    expect: {
      contains: [
        `up   ${VS}: 1 of 2 servers up; weight 120, quorum 1`,
        'HTTP_GET Regex match failed (/monitor.html: 35 bytes, "<html><body>DB ERROR</body></html>."); asked again every 2 s',
      ],
      matches: ['192\\.168\\.2\\.25:80 down since .*; weight 120; went down 1 time'],
    },
  }),
  run('client1', `for i in 1 2 3 4; do ${ask(SITE)}; done | sort | uniq -c`, { contains: [`4 ${SITE} on web1`] }),
  run('web2', page('OK')),
  serves(24, 25),
  logLines('lvs1', `Regex match success to ${nameOf(25)} url(/monitor.html)`, `Adding service ${nameOf(25)} to VS ${VS}`),

  described('The whole server ends: both kinds of check notice.', run('web1', 'kill $(cat nginx.pid)')),
  run('web2', 'kill $(cat nginx.pid)'),
  {
    kind: 'wait',
    on: 'lvs1',
    command: 'ipvsadm -Ln',
    seconds: 60,
    expect: { contains: [`TCP ${VIP}:80 wrr`], lacks: ['192.168.2.24:80', '192.168.2.25:80'] },
  },
  run('client1', ask(SITE), { exit: 7 }),
];

export const miscCheck: Lab = {
  name: 'misc-check',
  title: 'name-based sites: a broken site whose port answers is found by a script and by HTTP_GET with virtualhost and regex',
  switches: ['lan'],
  hosts: {
    client1: { interfaces: { eth0: { switch: 'lan', addresses: ['192.168.2.10/24'] } } },
    lvs1: {
      director: true,
      interfaces: { eth0: { switch: 'lan', addresses: ['192.168.2.1/24', `${VIP}/24`] } },
      files: { 'keepalived.conf': miscCheckConfiguration('${_PWD}'), 'sysesunnycheck.sh': SITE_CHECK },
    },
    web1: web(24),
    web2: web(25),
  },
  needs: ['curl', 'nginx'],
  steps,
};
