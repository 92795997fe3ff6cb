// What the build has both programs read once, so that the code that V8 compiles for it is kept.
import { renderDiagnostic } from '../../config/keepalived/diagnostics/outcome.js';
import { readKeepalived } from '../../config/keepalived/read.js';

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

/** The configuration of a router and a service. */
export function sampleConfiguration() {
  const files = { read: () => ({ kind: 'text', text: SAMPLE }) as const, list: () => [] };
  const { configuration, diagnostics } = readKeepalived(files, { path: 'sample', configId: 'sample', environment: {} });
  diagnostics.forEach(renderDiagnostic);
  return configuration;
}
