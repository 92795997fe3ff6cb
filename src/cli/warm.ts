// The build runs the program once for each kind of process, without effects: the code that V8 compiles is kept for later starts.
import { spawnSync } from 'node:child_process';
import { renderDiagnostic } from '../config/keepalived/diagnostics/outcome.js';
import { readKeepalived } from '../config/keepalived/read.js';
import { PROCESS_KINDS, PROCESSES, type ProcessKind } from '../daemon/processes.js';
import { childKind } from '../daemon/supervisor/children/child-process.js';

/** A router and a service with common keywords. */
const SAMPLE = `global_defs {
  router_id sample
  notification_email { ops@example.org }
  vrrp_version 3
  enable_script_security
}
vrrp_script check {
  script "/bin/true"
  interval 2
  weight -20
  user root
}
vrrp_sync_group G { group { V1 V2 } }
vrrp_instance V1 {
  state MASTER
  interface eth0
  virtual_router_id 51
  priority 150
  advert_int 1
  virtual_ipaddress { 192.0.2.10/24 dev eth0 label eth0:1 }
  track_script { check }
  track_interface { eth1 weight -10 }
  notify_master "/bin/true master"
}
vrrp_instance V2 {
  state BACKUP
  interface eth0
  virtual_router_id 52
  version 2
  nopreempt
  authentication { auth_type PASS auth_pass 1234 }
  unicast_src_ip 192.0.2.1
  unicast_peer { 192.0.2.2 }
  virtual_ipaddress { 192.0.2.11 }
}
virtual_server 192.0.2.10 80 {
  delay_loop 6
  lb_algo wrr
  lb_kind DR
  protocol TCP
  real_server 192.0.2.20 80 { weight 1 TCP_CHECK { connect_timeout 3 } }
}
`;

function sampleConfiguration() {
  const files = { read: () => ({ kind: 'text', text: SAMPLE }) as const, list: () => [] };
  const { configuration, diagnostics } = readKeepalived(files, { path: 'sample', configId: 'sample', environment: {} });
  diagnostics.forEach(renderDiagnostic);
  return configuration;
}

/** What a process of this kind loads, and for VRRP an election. */
async function warmProcess(kind: ProcessKind): Promise<void> {
  await Promise.all([import('../daemon/process/child-main.js'), PROCESSES[kind].load()]);
  if (kind !== 'vrrp') return;
  const { rehearse } = await import('../control/vrrp/rehearse.js');
  const configuration = sampleConfiguration();
  if (configuration !== undefined) rehearse(configuration);
}

/** The commands, and the supervisor; then the other kinds of processes, each with its own flags. */
async function warmMain(): Promise<void> {
  await Promise.all([
    import('./keepalived/run.js'),
    import('./keepalived/load-configuration.js'),
    import('../daemon/supervisor/daemon.js'),
    import('../daemon/reader/reader.js'),
    import('./ipvsadm/run.js'),
  ]);
  sampleConfiguration();
  for (const kind of PROCESS_KINDS) {
    const args = [...PROCESSES[kind].nodeFlags, process.argv[1] ?? '', 'keepalived'];
    spawnSync(process.execPath, args, { stdio: 'ignore', env: { ...process.env, WEIR_CHILD: kind } });
  }
}

/** Resolves with the exit status. */
export async function warm(): Promise<number> {
  const kind = childKind();
  await (kind === undefined ? warmMain() : warmProcess(kind));
  return 0;
}
