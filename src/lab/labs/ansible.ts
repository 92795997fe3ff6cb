// Ansible's collection on hosts that have their own /etc, /var and /usr/local: VS/NAT, then VS/DR, each with a check before and a second run after.
import type { Lab, LabHost, Step } from '../definition/lab.js';
import { curls, described, run, table } from './steps.js';

/** Started on a host; Ansible enters the namespaces of the process whose number is in the file `holder`. */
const HOLD = `unshare --mount sh -c '
for folder in etc var usr/local; do
    mkdir -p upper/$folder work/$folder
    mount -t overlay overlay -o lowerdir=/$folder,upperdir=$PWD/upper/$folder,workdir=$PWD/work/$folder /$folder || exit 1
done
echo $$ >holder
exec sleep 900' <&- >hold.log 2>&1 &
`;

const ENTER =
  "/usr/bin/nsenter --net --mount --uts --target {{ lookup('ansible.builtin.file', lookup('ansible.builtin.env', 'HOME') + '/' + inventory_hostname + '/holder') }}";

const CONFIGURATION = '[defaults]\ncollections_path = collections\nnocows = true\nforce_color = false\nretry_files_enabled = false\n';

const VARIABLES = {
  ansible_connection: 'local',
  ansible_python_interpreter: `${ENTER} /usr/bin/python3`,
  ansible_node_interpreter: `${ENTER} {{ lookup('ansible.builtin.pipe', 'command -v node') }}`,
  weir_source: 'checkout',
  weir_checkout: "{{ lookup('ansible.builtin.pipe', 'dirname $(dirname $(command -v weir))') }}",
  web_package: '',
  web_service_manager: 'none',
  web_pid_file: '/var/lib/nginx.pid',
  realserver_persist: false,
  director_persist: false,
  director_service_manager: 'none',
};

/** JSON is YAML. */
const inventory = (variables: object): string =>
  JSON.stringify({
    all: {
      vars: { ...VARIABLES, ...variables },
      children: { directors: { hosts: { lvs1: {} } }, realservers: { hosts: { web1: {}, web2: {} } } },
    },
  });

const [NAT_VIP, DR_VIP] = ['192.168.88.5', '192.168.88.15'];
const [NAT_SERVERS, DR_SERVERS] = [
  ['192.168.99.100', '192.168.99.200'],
  ['192.168.88.100', '192.168.88.200'],
] as const;

const service = (vip: string, scheduler: string, method: string, [one, two]: readonly [string, string]): object => ({
  services: {
    [`tcp:${vip}:80`]: {
      scheduler,
      method,
      servers: [
        { address: `${one}:80`, weight: 1 },
        { address: `${two}:80`, weight: 2 },
      ],
    },
  },
});

const NAT = inventory({
  director_forwarding: true,
  director_sysctls: { expire_nodest_conn: 1, sync_threshold: '3 50' },
  director_document: service(NAT_VIP, 'rr', 'masq', NAT_SERVERS),
});
const DR = inventory({
  realserver_vips: [DR_VIP],
  director_vips: [{ address: `${DR_VIP}/24`, interface: 'eth0' }],
  director_sysctls: { expire_nodest_conn: 0 },
  director_document: service(DR_VIP, 'wlc', 'route', DR_SERVERS),
});

const server = (front: string, back: string): LabHost => ({
  interfaces: {
    eth0: { switch: 'front', addresses: [`${front}/24`] },
    eth1: { switch: 'back', addresses: [`${back}/24`] },
  },
  files: { 'hold.sh': HOLD },
});

const HOSTS: Lab['hosts'] = {
  client1: { interfaces: { eth0: { switch: 'front', addresses: ['192.168.88.10/24'] } } },
  lvs1: {
    director: true,
    interfaces: {
      eth0: { switch: 'front', addresses: [`${NAT_VIP}/24`] },
      eth1: { switch: 'back', addresses: ['192.168.99.5/24'] },
    },
    files: { 'hold.sh': HOLD },
  },
  web1: server(DR_SERVERS[0], NAT_SERVERS[0]),
  web2: server(DR_SERVERS[1], NAT_SERVERS[1]),
  admin: {
    interfaces: { eth0: { switch: 'front', addresses: ['192.168.88.2/24'] } },
    files: { 'ansible.cfg': CONFIGURATION, 'nat.yml': NAT, 'dr.yml': DR },
  },
};

/** Counts of changes in the recap, by host. */
type Changes = Readonly<Record<'lvs1' | 'web1' | 'web2', number>>;

const playbook = (words: string, changes: Changes, ...contains: readonly string[]): Step => ({
  kind: 'run',
  on: 'admin',
  command: `ansible-playbook ${words} weir.director.site`,
  seconds: 120,
  expect: {
    matches: Object.entries(changes).map(([host, count]) => `^${host} .* changed=${count} +unreachable=0 +failed=0 `),
    ...(contains.length > 0 ? { contains } : {}),
  },
});

const NONE: Changes = { lvs1: 0, web1: 0, web2: 0 };

/** A check that changes nothing and reports what the run does after it; a second run without a change. */
const played = (file: string, changes: Changes, planned: string, before: Step): readonly Step[] => [
  described(
    'A check reports as many changes as the run makes, with the plan of the table.',
    playbook(`-i ${file} --check --diff`, changes, planned),
  ),
  described('It has changed nothing.', before),
  described('The run.', playbook(`-i ${file}`, changes)),
  described('A second run changes nothing.', playbook(`-i ${file}`, NONE)),
];

const HELD = ['lvs1', 'web1', 'web2'] as const;

const prepared: readonly Step[] = [
  ...HELD.map((host) => run(host, 'sh hold.sh')),
  ...HELD.map((host): Step => ({ kind: 'wait', on: host, command: 'cat holder hold.log', seconds: 5, expect: { matches: ['^[0-9]+$'] } })),
  run(
    'admin',
    'mkdir -p collections/ansible_collections/weir && ln -s "$(dirname "$(dirname "$(command -v weir)")")/ansible" collections/ansible_collections/weir/director',
  ),
];

/** One of the two networks of the servers at a time, as hosts with one cable have it. */
const cabled = (host: string, on: string, off: string): Step => run(host, `ip link set ${off} down; ip link set ${on} up`);

export const ansible: Lab = {
  name: 'ansible',
  title: 'the Ansible collection on three hosts: VS/NAT, then VS/DR; checks, runs and second runs',
  switches: ['front', 'back'],
  hosts: HOSTS,
  needs: ['curl', 'nginx', 'nsenter', 'ansible-playbook'],
  steps: [
    described('Ansible works on each host as on a machine of its own.', prepared[0] as Step),
    ...prepared.slice(1),
    ...['web1', 'web2'].flatMap((host) => [cabled(host, 'eth1', 'eth0'), run(host, 'ip route replace default via 192.168.99.5')]),
    ...played('nat.yml', { lvs1: 4, web1: 5, web2: 5 }, `+ tcp:${NAT_VIP}:80`, run('lvs1', 'ipvsadm -Ln', { lacks: ['TCP'] })),
    table('lvs1', `TCP ${NAT_VIP}:80 rr`, `-> ${NAT_SERVERS[0]}:80 Masq 1 0 0`, `-> ${NAT_SERVERS[1]}:80 Masq 2 0 0`),
    run('lvs1', 'weir sysctl -n net.ipv4.vs.expire_nodest_conn net.ipv4.vs.sync_threshold', { matches: ['^1$', '^3\\s50$'] }),
    curls('client1', `http://${NAT_VIP}`, 'web2', 'web1', 'web2', 'web1', 'web2', 'web1'),

    described('The servers move to the network of the clients.', cabled('web1', 'eth0', 'eth1')),
    cabled('web2', 'eth0', 'eth1'),
    ...played('dr.yml', { lvs1: 4, web1: 1, web2: 1 }, `+ tcp:${DR_VIP}:80`, table('lvs1', `TCP ${NAT_VIP}:80 rr`)),
    table('lvs1', `TCP ${DR_VIP}:80 wlc`, `-> ${DR_SERVERS[0]}:80 Route 1 0 0`, `-> ${DR_SERVERS[1]}:80 Route 2 0 0`),
    run('lvs1', 'weir sysctl -n net.ipv4.vs.expire_nodest_conn net.ipv4.vs.sync_threshold', { matches: ['^0$', '^3\\s50$'] }),
    curls('client1', `http://${DR_VIP}`, 'web2', 'web1', 'web2', 'web2', 'web1', 'web2'),
    described('Replies do not pass the director.', {
      kind: 'traffic',
      expect: [{ say: 'packets of any reply at the director', at: 'lvs1', source: DR_VIP, sourcePort: 80, packets: 0 }],
    }),
  ],
};
