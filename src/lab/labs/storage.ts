// The three tiers of a site: a director, two real servers with nginx, and one NFS server whose pages both of them serve.
//
// All of NFS is in user space, so that it runs on every kernel: nfs-ganesha exports a folder, and on the servers gvfs mounts it by libnfs
// and FUSE. On real hosts the kernel's client does the same: mount -t nfs.
import type { Lab, LabHost, RunStep } from '../definition/lab.js';
import { described, explained, run, table } from './steps.js';

const [VIP, STORAGE] = ['192.168.88.5', '192.168.99.50'];
const SERVERS = { web1: '192.168.99.100', web2: '192.168.99.200' } as const;

const EXPORT = `NFS_CORE_PARAM {
    Protocols = 3, 4;
    Enable_UDP = false;
    NFS_Port = 2049;
    MNT_Port = 2050;
    NLM_Port = 2051;
    mount_path_pseudo = true;
}
NFSV4 { Graceless = true; RecoveryBackend = fs; }
EXPORT {
    Export_Id = 1;
    Path = "PAGES";
    Pseudo = "/pages";
    Access_Type = RW;
    Squash = No_Root_Squash;
    SecType = sys;
    Protocols = 3, 4;
    FSAL { Name = VFS; }
}
`;

/** /run is the host's own, since both daemons have files there; this folder is below it, and is put back. */
const EXPORT_PAGES = `mkdir -p pages
sed "s|PAGES|$PWD/pages|" export.conf >ganesha.conf
unshare --mount sh -c '
mount -t tmpfs tmpfs /run && mkdir -p /run/ganesha $PWD && mount --no-canonicalize --bind . $PWD && cd $PWD || exit 1
rpcbind -w
echo $$ >storage.pid
exec ganesha.nfsd -F -f ganesha.conf -L ganesha.log -p $PWD/ganesha.pid' <&- >storage.log 2>&1 &
`;

const NGINX = `user root;
daemon off;
worker_processes 1;
error_log stderr;
pid nginx.pid;
events {}
http {
    access_log off;
    open_file_cache off;
    server {
        listen 80;
        root mnt/nfs:host=${STORAGE},prefix=%2Fpages;
        add_header X-Server $hostname;
    }
}
`;

/** Mounts and serves: what is mounted is seen by the processes of this script alone, and goes with them. */
const SERVE = `mkdir -p mnt run logs
export HOME=$PWD XDG_RUNTIME_DIR=$PWD/run GIO_USE_VOLUME_MONITOR=unix
/usr/libexec/gvfsd --no-fuse &
/usr/libexec/gvfsd-fuse mnt -f &
until gio mount nfs://${STORAGE}/pages; do sleep 0.2; done
exec nginx -p $PWD -c nginx.conf
`;

const server = (address: string): LabHost => ({
  interfaces: { eth1: { switch: 'back', addresses: [`${address}/24`] } },
  gateway: '192.168.99.5',
  files: { 'serve.sh': SERVE, 'nginx.conf': NGINX },
});

const HOSTS: Lab['hosts'] = {
  client1: { interfaces: { eth0: { switch: 'front', addresses: ['192.168.88.10/24'] } } },
  lvs1: {
    director: true,
    interfaces: {
      eth0: { switch: 'front', addresses: [`${VIP}/24`] },
      eth1: { switch: 'back', addresses: ['192.168.99.5/24'] },
    },
    sysctls: { 'net.ipv4.ip_forward': 1 },
  },
  web1: server(SERVERS.web1),
  web2: server(SERVERS.web2),
  nfs1: {
    interfaces: { eth1: { switch: 'back', addresses: [`${STORAGE}/24`] } },
    files: { 'export.conf': EXPORT, 'storage.sh': EXPORT_PAGES },
  },
};

const BY_EACH = `for n in 1 2; do curl -si http://${VIP}/index.html | tr -d '\\r' | grep -e ^X-Server -e page; done`;
const page = (text: string): RunStep =>
  run('client1', BY_EACH, { contains: ['X-Server: web1', 'X-Server: web2'], matches: [`${text}\n.*\n${text}`] });

export const storage: Lab = {
  name: 'storage',
  title: 'three tiers: two real servers serve the pages of one NFS server',
  switches: ['front', 'back'],
  hosts: HOSTS,
  capture: false,
  needs: ['curl', 'nginx', 'unshare', 'ganesha.nfsd', 'rpcbind', 'dbus-run-session', 'gio'],
  steps: [
    described('One host has the pages, and exports them by NFS.', run('nfs1', 'sh storage.sh; echo "first page" >pages/index.html')),
    { kind: 'wait', on: 'nfs1', command: 'grep -c "NFS SERVER INITIALIZED" ganesha.log', seconds: 60, expect: { matches: ['^1$'] } },
    ...(['web1', 'web2'] as const).flatMap((host) => [
      described(
        host === 'web1' ? 'The real servers mount them, and nginx serves what is mounted.' : 'The same on web2.',
        run(host, 'dbus-run-session -- sh serve.sh <&- >serve.log 2>&1 &'),
      ),
      { kind: 'wait', on: host, command: 'curl -s http://127.0.0.1/index.html', seconds: 60, expect: { answers: ['first page'] } } as const,
    ]),
    run('lvs1', `ipvsadm -A -t ${VIP}:80 -s rr`),
    ...Object.values(SERVERS).map((address) => run('lvs1', `ipvsadm -a -t ${VIP}:80 -r ${address}:80 -m`)),
    table('lvs1', `-> ${SERVERS.web1}:80 Masq 1 0 0`, `-> ${SERVERS.web2}:80 Masq 1 0 0`),
    explained('lvs1', '192.168.88.10', `${VIP}:80`, SERVERS.web2),
    described('Both servers have the page that was written once.', page('first page')),
    described('Without storage both servers accept connections and do not answer.', run('nfs1', 'kill -9 $(cat storage.pid)')),
    run('client1', `curl --max-time 4 http://${VIP}`, { exit: 28 }),
    described(
      'LVS does not notice: it goes on choosing both.',
      table('lvs1', `-> ${SERVERS.web1}:80 Masq 1`, `-> ${SERVERS.web2}:80 Masq 1`),
    ),
  ],
};
