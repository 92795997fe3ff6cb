// The one table of weir's commands: name, one line of meaning, and where its code is (loaded only when it is called).
import type { Command } from './command.js';
import { daemonCommands } from './programs/daemon-commands.js';
import { ipvsadmCommands } from './programs/ipvsadm-commands.js';

export const commands: readonly Command[] = [
  ...ipvsadmCommands,
  {
    name: 'tcpvsadm',
    meaning: 'virtual services of layer 7 by rules, with the words of KTCPVS',
    usage: 'usage: tcpvsadm -A|E|D|F|a|e|d|L|f|--add-rule|--del-rule|--start|--stop [OPTION ...]   (tcpvsadm -h lists the options)',
    load: () => import('./tcpvsadm/run.js'),
  },
  ...daemonCommands,
  {
    name: 'reload',
    meaning: 'have the daemon read its configuration again, and wait for what comes of it',
    load: () => import('./commands/reload.js'),
  },
  {
    name: 'plan',
    meaning: 'what a reload, or weir apply, would change with a file, and how many live connections it touches; changes nothing',
    load: () => import('./commands/plan.js'),
  },
  {
    name: 'apply',
    meaning: 'make the table what a weir.yaml states for layer 4, all of it or nothing',
    load: () => import('./commands/apply.js'),
  },
  {
    name: 'diff',
    meaning: 'what is in the table otherwise than a weir.yaml states; changes nothing',
    load: () => import('./commands/diff.js'),
  },
  {
    name: 'export',
    meaning: 'print the table as a weir.yaml, as input of ipvsadm-restore or as a keepalived.conf; changes nothing',
    load: () => import('./commands/export.js'),
  },
  {
    name: 'genhash',
    meaning: 'print the MD5 of a page for the digest of HTTP_GET and SSL_GET, word for word as genhash',
    usage: 'usage: genhash [-S] -s ADDRESS -p PORT -u PATH [OPTION ...]   (genhash -h lists the options)',
    load: () => import('./genhash/run.js'),
  },
  {
    name: 'import',
    meaning: 'print the configuration of another load balancer as a weir.yaml, and what of it is lost',
    load: () => import('./commands/import.js'),
  },
  { name: 'schema', meaning: 'print the JSON Schema of weir.yaml, or examine such files', load: () => import('./commands/schema.js') },
  {
    name: 'switch',
    meaning: 'content switching by the datapath: the rules of a weir.yaml whose way is switch',
    load: () => import('./commands/switch.js'),
  },
  {
    name: 'dashboard',
    meaning: 'the dashboard for browsers, at a loopback address until it is stopped',
    load: () => import('./commands/dashboard.js'),
  },
  { name: 'proc', meaning: 'the text of /proc/net/ip_vs, ip_vs_conn, ip_vs_stats …', load: () => import('./commands/proc.js') },
  { name: 'sysctl', meaning: 'read and write net.ipv4.vs.*', load: () => import('./commands/sysctl.js') },
  {
    name: 'load',
    meaning: 'load the datapath into this network namespace, with chosen sizes',
    load: () => import('./commands/load.js'),
  },
  {
    name: 'upgrade',
    meaning: 'with --check: what weir load of this build would do with every connection; changes nothing',
    load: () => import('./commands/upgrade.js'),
  },
  { name: 'unload', meaning: 'unload the datapath, with its table and all connections', load: () => import('./commands/unload.js') },
  {
    name: 'status',
    meaning: 'what is loaded, attached and running here, on one screen; changes nothing',
    load: () => import('./commands/status.js'),
  },
  {
    name: 'sync',
    meaning: 'keeps connections the same as those of other directors, and prints what it has counted',
    load: () => import('./commands/sync.js'),
  },
  {
    name: 'explain',
    meaning: 'where a packet would go, and why there and not to another server; changes nothing',
    load: () => import('./commands/explain.js'),
  },
  {
    name: 'install',
    meaning: "install the commands' links, the udev rule, units, manual and completion",
    load: () => import('./commands/install.js').then(({ runInstall }) => ({ run: runInstall(commands) })),
  },
  {
    name: 'uninstall',
    meaning: 'remove what weir install installed',
    load: () => import('./commands/install.js').then(({ runUninstall }) => ({ run: runUninstall(commands) })),
  },
  {
    name: 'stats',
    meaning: 'packets that the datapath dropped, by reason; the health of servers',
    load: () => import('./commands/stats.js'),
  },
  {
    name: 'metrics',
    meaning: 'counters and states for Prometheus, or in a file for node_exporter; changes nothing',
    load: () => import('./commands/metrics.js'),
  },
  {
    name: 'conns',
    meaning: 'the connections that are alive, filtered, or what comes and goes among them; changes nothing',
    load: () => import('./commands/conns.js'),
  },
  {
    name: 'top',
    meaning: 'connections, packets and bytes a second by service and server, every second; changes nothing',
    load: () => import('./commands/top.js'),
  },
  {
    name: 'engine',
    meaning: 'run nginx in place of the proxy, with a configuration made from the same weir.yaml',
    load: () => import('./commands/engine.js'),
  },
  { name: 'proxy', meaning: 'pass HTTP requests on to a pool of servers, by a process a core', load: () => import('./commands/proxy.js') },
  { name: 'api', meaning: 'ask the control API of this host, or be that API', load: () => import('./commands/api.js') },
  { name: 'lab', meaning: 'build a test network in namespaces and run a director in it', load: () => import('./commands/lab.js') },
  {
    name: 'feedback',
    meaning: 'have the weights of servers follow their load; print why a weight is what it is',
    load: () => import('./commands/feedback.js'),
  },
  {
    name: 'drain',
    meaning: 'empty a server or a service until a deadline, without cutting a connection; list, watch and cancel drains',
    load: () => import('./commands/drain.js'),
  },
  {
    name: 'agent',
    meaning: 'report the load of this real server to directors that ask, or print a script that does',
    load: () => import('./commands/agent.js'),
  },
  {
    name: 'realserver',
    meaning: 'make this host a real server of VIPs (VS/DR, VS/TUN), or undo that',
    load: () => import('./commands/realserver.js'),
  },
  {
    name: 'vip',
    meaning: 'add or remove a VIP on the director, after probing that no other host has it',
    load: () => import('./commands/vip.js'),
  },
  {
    name: 'tune',
    meaning: 'the sysctls of a director or a server, with reason and harm: shown, applied, given back; clocks of hosts compared',
    load: () => import('./commands/tune.js'),
  },
  {
    name: 'config',
    meaning: 'explain a keepalived.conf, or find faults in one, or in those of a pair',
    load: () => import('./commands/config.js'),
  },
  {
    name: 'sim',
    meaning:
      'simulate in memory: VRRP and health checks by histories made from seeds, weights that follow a load, and schedulers by a load or a capture',
    load: () => import('./commands/sim.js'),
  },
  { name: 'doctor', meaning: 'find what is wrong on this host, why, and how to fix it', load: () => import('./commands/doctor.js') },
];
