// Content switching: the datapath chooses a server by the first request of a connection, and the server sees its client's own address. What it does not
// decide, weir proxy serves at the same address and port.
import type { Lab, LabHost, Step, WaitStep } from '../definition/lab.js';
import { described, explained, run, table } from './steps.js';

const CLIENT = '192.168.88.10';
const VIP = '192.168.88.5';
const DIP = '192.168.99.5';
const addressOf = (web: number): string => `192.168.99.${10 + web}`;
const BIG_BYTES = 10 << 20;

/** Its name and its client's address; as /big what has a known hash. The same by TLS. */
const SERVER = `import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTls } from 'node:https';
const [, , name] = process.argv;
const big = Buffer.alloc(${BIG_BYTES}, name);
const answer = ({ url, socket }, response) => {
  response.end(url === '/big' ? big : name + ' for ' + socket.remoteAddress + '\\n');
};
createServer(answer).listen(80, '0.0.0.0');
createTls({ cert: readFileSync('tls.pem'), key: readFileSync('tls.key') }, answer).listen(443, '0.0.0.0');
`;
/** A certificate of a host's own, for the names of the lab. */
const CERTIFICATE =
  "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=$(hostname) -addext 'subjectAltName=DNS:a.example,DNS:b.example' -keyout tls.key -out tls.pem 2>/dev/null";

const CONFIG = `layer7:
  listeners:
    web: ${VIP}:80
    tls: { listen: "${VIP}:443", tls: { certificates: [{ ssl_certificate: tls.pem, ssl_certificate_key: tls.key }] } }
  pools:
    one: { servers: ["${addressOf(1)}:80"] }
    two: { servers: ["${addressOf(2)}:80"] }
    two-tls: { servers: ["${addressOf(2)}:443"] }
  hosts:
    - server_name: [a.example]
      listen: [web]
      way: switch
      locations:
        - { location: /, pool: one }
        - { location: /two/, pool: two }
    - server_name: [b.example]
      listen: [web]
      way: switch
      locations:
        - { location: /, pool: two }
    - server_name: [b.example]
      listen: [tls]
      passthrough: two-tls
      locations:
        - { location: /, pool: two }
    - default_server: true
      locations:
        - { location: /, pool: one }
`;

const web = (number: number): LabHost => ({
  interfaces: { eth0: { switch: 'back', addresses: [`${addressOf(number)}/24`] } },
  gateway: DIP,
  files: { 'server.mjs': SERVER },
});

/** Requests of one connection. */
const get = (host: string, ...paths: readonly string[]): string =>
  `curl -s -H 'Host: ${host}' ${paths.map((path) => `http://${VIP}${path}`).join(' ')}`;
const getTls = (host: string, path = '/'): string => `curl -sk --resolve ${host}:443:${VIP} https://${host}${path}`;
const serves = (say: string, host: string, path: string, answer: string): Step =>
  described(say, run('client1', get(host, path), { answers: [answer] }));
const hashed = (host: string): Step => run('client1', `${get(host, '/big')} | cmp - big && echo same`, { answers: ['same'] });

const counted = (...contains: readonly string[]): Step => run('lvs1', 'weir switch status', { contains });
const listens: WaitStep = {
  kind: 'wait',
  on: 'client1',
  command: `curl -s http://${VIP}/`,
  seconds: 20,
  expect: { contains: [`web1 for ${DIP}`] },
};

const steps: readonly Step[] = [
  ...['lvs1', 'web1', 'web2'].map((host) => run(host, CERTIFICATE)),
  ...[1, 2].map((number) => run(`web${number}`, `node server.mjs web${number} >server.log 2>&1 & echo $! >server.pid`)),
  run('lvs1', 'weir proxy --config weir.yaml --workers 1 >proxy.log 2>&1 & echo $! >proxy.pid'),
  described('weir proxy serves all of it.', listens),
  run('lvs1', 'weir switch apply --config weir.yaml', { contains: [`web ${VIP}:80: 2 hosts, 2 servers`, `tls ${VIP}:443: `] }),
  table('lvs1', `TCP ${VIP}:80 wlc`, `-> ${addressOf(1)}:80 Masq 1`, `-> ${addressOf(2)}:80 Masq 1`),

  described(
    'Why: a SYN is answered by weir itself, and the rules decide by the first request.',
    explained('lvs1', CLIENT, `${VIP}:80`, 'verdict answered by weir', `rule a.example /two/ ${addressOf(2)}:80`),
  ),
  run('lvs1', `weir explain --from ${CLIENT}:5000 --to ${VIP}:80 --host a.example --path /two/x`, {
    contains: ['verdict forwarded', `matches a.example /two/ ${addressOf(2)}:80`, `-> ${addressOf(2)}:80, TTL 63`],
  }),
  run('lvs1', `weir explain --from ${CLIENT}:5000 --to ${VIP}:80 --host c.example`, {
    contains: ['verdict to the process that listens', 'because undecided: no rule has this host'],
  }),
  serves("By the Host, and the server sees its client's address.", 'a.example', '/', `web1 for ${CLIENT}`),
  serves('Another host.', 'b.example', '/', `web2 for ${CLIENT}`),
  serves('The longest path of a host.', 'a.example', '/two/x', `web2 for ${CLIENT}`),
  serves("A host without such a rule is the proxy's.", 'c.example', '/', `web1 for ${DIP}`),
  serves('And so is a path that could be read in two ways.', 'a.example', '/two/%2e./x', `web1 for ${DIP}`),
  described(
    'Two requests of one connection, switched and by the proxy.',
    run('client1', `${get('a.example', '/1', '/2')} | xargs`, { contains: [`web1 for ${CLIENT} web1 for ${CLIENT}`] }),
  ),
  run('client1', `${get('c.example', '/1', '/2')} | xargs`, { contains: [`web1 for ${DIP} web1 for ${DIP}`] }),

  described(
    'TLS by the name that the client asks for: the server ends it.',
    run('client1', getTls('b.example'), { answers: [`web2 for ${CLIENT}`] }),
  ),
  described('Of a name without such a rule the proxy ends it.', run('client1', getTls('a.example'), { answers: [`web1 for ${DIP}`] })),
  run('client1', `${getTls('b.example', '/big')} | head -c 4`, { answers: ['web2'] }),

  described('10 MiB each way are the same.', run('client1', `node -e "process.stdout.write(Buffer.alloc(${BIG_BYTES}, 'web1'))" >big`)),
  hashed('a.example'),
  hashed('c.example'),
  counted('connections to servers', 'connections to the proxy'),
  described('They are connections as any others.', run('lvs1', 'ipvsadm -Lcn', { contains: [`${VIP}:80 ${addressOf(2)}:80`] })),

  described(
    'Through a lossy network, too: one segment of ten is lost at each end.',
    run(
      'client1',
      "nft 'add table ip lossy; add chain ip lossy in { type filter hook prerouting priority -300; }; add rule ip lossy in numgen random mod 10 < 1 drop'",
    ),
  ),
  described('Of eight connections none fails.', {
    kind: 'run',
    on: 'client1',
    command: `curl -s -m 60 -H 'Host: a.example' http://${VIP}/`,
    times: 8,
    seconds: 100,
    expect: { answers: Array.from({ length: 8 }, () => `web1 for ${CLIENT}`) },
  }),
  run('client1', 'nft delete table ip lossy'),

  described('A server that is down refuses, as by LVS.', run('web2', 'kill $(cat server.pid); sleep 0.2')),
  run('client1', get('b.example', '/'), { exit: 56 }),
  described(
    'With weight 0 its pool has no server: the proxy answers.',
    run('lvs1', `ipvsadm -e -t ${VIP}:80 -r ${addressOf(2)}:80 -m -w 0`),
  ),
  run('client1', `curl -s -o /dev/null -w '%{http_code}' -H 'Host: b.example' http://${VIP}/`, { answers: ['502'] }),

  described('Without it weir proxy serves all again.', run('lvs1', 'weir switch clear')),
  run('client1', get('a.example', '/'), { answers: [`web1 for ${DIP}`] }),
  run('lvs1', 'weir switch status', { exit: 3, contains: ['nothing is switched here'] }),
  run('lvs1', 'kill $(cat proxy.pid)'),
  run('web1', 'kill $(cat server.pid)'),
];

export const contentSwitch: Lab = {
  name: 'switch',
  title: 'Content switching: the datapath chooses by the first request, weir proxy has the rest',
  switches: ['front', 'back'],
  hosts: {
    client1: { interfaces: { eth0: { switch: 'front', addresses: [`${CLIENT}/24`] } }, gateway: VIP },
    lvs1: {
      director: true,
      interfaces: {
        eth0: { switch: 'front', addresses: [`${VIP}/24`] },
        eth1: { switch: 'back', addresses: [`${DIP}/24`] },
      },
      sysctls: { 'net.ipv4.ip_forward': 1 },
      files: { 'weir.yaml': CONFIG },
    },
    web1: web(1),
    web2: web(2),
  },
  // Which server a client reached is in its answer.
  capture: false,
  needs: ['node', 'nft', 'openssl'],
  steps,
};
