// The tables hold every keyword of keepalived's manual (2.2.7 to 2.4), by its own name and the older spellings.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Keyword } from '../keyword.js';
import { named } from '../statements/keyword-index.js';
import { rootKeywords } from './root.js';

const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '');

/** The table of the block at this path. */
function tableOf(...path: readonly string[]): readonly Keyword[] {
  let table = rootKeywords;
  for (const name of path) {
    const argument = named(table, name)?.argument;
    assert.equal(argument?.kind, 'block', name);
    table = argument.keywords();
  }
  return table;
}

const TRACKS = 'track_interface track_script track_file track_process track_bfd';
const NOTIFIES = 'notify_master notify_backup notify_fault notify_stop notify notify_priority_changes smtp_alert';

const perProcess = (role: string): string =>
  ['priority', 'rt_priority', 'rlimit_rttime', 'rlimit_rtime', 'no_swap', 'cpu_affinity', 'process_name']
    .map((name) => `${role}_${name}`)
    .join(' ');

const blocks: readonly (readonly [path: readonly string[], names: string])[] = [
  [
    [],
    `net_namespace net_namespace_ipvs namespace_with_ipsets instance use_pid_dir linkbeat_use_polling child_wait_time global_defs
     linkbeat_interfaces interface_up_down_delays track_group static_ipaddress static_routes static_rules track_file vrrp_track_file
     vrrp_track_process vrrp_script vrrp_sync_group garp_group vrrp_instance bfd_instance virtual_server_group virtual_server SSL`,
  ],
  [
    ['global_defs'],
    `notification_email notification_email_from smtp_server smtp_helo_name smtp_connect_timeout smtp_alert smtp_alert_vrrp
     smtp_alert_checker no_email_faults no_checker_emails router_id default_interface vrrp_version vrrp_mcast_group4 vrrp_mcast_group6
     vrrp_garp_master_delay vrrp_garp_master_repeat vrrp_garp_lower_prio_delay vrrp_garp_lower_prio_repeat vrrp_garp_master_refresh
     vrrp_garp_master_refresh_repeat vrrp_garp_interval vrrp_gna_interval vrrp_min_garp vrrp_garp_extra_if vrrp_vmac_garp_intvl
     vrrp_down_timer_adverts vrrp_lower_prio_no_advert vrrp_higher_prio_send_advert vrrp_check_unicast_src vrrp_skip_check_adv_addr
     vrrp_strict vrrp_iptables vrrp_ipsets nftables nftables_priority nftables_counters nftables_ifindex nftables_ipvs
     nftables_ipvs_priority nftables_ipvs_start_fwmark vrrp_notify_priority_changes notify_fifo vrrp_notify_fifo lvs_notify_fifo
     notify_fifo_script vrrp_notify_fifo_script lvs_notify_fifo_script fifo_write_vrrp_states_on_reload script_user
     enable_script_security use_symlink_paths set_supplementary_groups startup_script startup_script_timeout shutdown_script
     shutdown_script_timeout dynamic_interfaces lvs_sync_daemon lvs_timeouts lvs_flush lvs_flush_on_stop lvs_flush_onstop
     checker_log_all_failures shared_checks rs_init_notifies vrrp_startup_delay vrrp_delay_after_boot v3_checksum_as_v2 vrrp_owner_ignore_adverts
     log_unknown_vrids vmac_prefix vmac_addr_prefix vrrp_rx_bufs_policy vrrp_rx_bufs_multiplier vrrp_netlink_cmd_rcv_bufs
     vrrp_netlink_cmd_rcv_bufs_force vrrp_netlink_monitor_rcv_bufs vrrp_netlink_monitor_rcv_bufs_force lvs_netlink_cmd_rcv_bufs
     lvs_netlink_cmd_rcv_bufs_force lvs_netlink_monitor_rcv_bufs lvs_netlink_monitor_rcv_bufs_force process_monitor_rcv_bufs
     process_monitor_rcv_bufs_force ${perProcess('vrrp')} ${perProcess('checker')} ${perProcess('bfd')} lvs_process_name
     max_auto_priority min_auto_priority_delay disable_local_igmp process_names process_name enable_snmp_vrrp enable_snmp_keepalived
     enable_snmp_checker enable_snmp_rfc enable_snmp_rfcv2 enable_snmp_rfcv3 enable_traps snmp_socket snmp_vs_stats_update_interval
     snmp_rs_stats_update_interval enable_dbus dbus_service_name dbus_no_interface_name umask random_seed config_save_dir
     tmp_config_directory data_use_instance reload_check_config reload_time_file reload_repeat reload_file include_check json_version
     state_dump_file stats_dump_file json_dump_file iproute_usr_dir iproute_etc_dir vrrp_address_mismatch lvs_sync_grace lvs_sync_peers lvs_sync_stream lvs_sync_wait`,
  ],
  [['vrrp_script'], 'script interval timeout weight rise fall user init_fail'],
  [['track_file'], 'file weight init_file'],
  [['vrrp_track_process'], 'process param_match full_command weight quorum quorum_max fork_delay terminate_delay delay'],
  [['track_group'], 'group'],
  [['garp_group'], 'garp_interval gna_interval interface interfaces'],
  [['vrrp_sync_group'], `group ${TRACKS} ${NOTIFIES} sync_group_tracking_weight global_tracking`],
  [
    ['vrrp_instance'],
    `state interface vrf virtual_router_id priority version advert_int virtual_ipaddress virtual_ipaddress_excluded no_virtual_ipaddress
     virtual_routes virtual_rules promote_secondaries authentication auth_hmac nopreempt preempt preempt_delay accept no_accept strict_mode
     unicast_src_ip unicast_peer unicast_ttl check_unicast_src unicast_fault_no_peer old_unicast_checksum v3_checksum_as_v2 mcast_src_ip
     mcast_dst_ip track_src_ip dont_track_primary use_vmac use_vmac_addr vmac_xmit_base use_ipvlan garp_master_delay garp_master_repeat
     garp_lower_prio_delay garp_lower_prio_repeat garp_master_refresh garp_master_refresh_repeat garp_extra_if vmac_garp_intvl
     down_timer_adverts lower_prio_no_advert higher_prio_send_advert owner_ignore_adverts timer_expired_backup thread_timer_expired
     skip_check_adv_addr kernel_rx_buf_size debug native_ipv6 linkbeat_use_polling lvs_sync_daemon_interface ${NOTIFIES}
     notify_deleted notify_master_rx_lower_pri ${TRACKS} fast_advert_int fast_down_adverts heartbeat address_mismatch`,
  ],
  [['vrrp_instance', 'authentication'], 'auth_type auth_pass'],
  [['vrrp_instance', 'auth_hmac'], 'key active_key anti_replay time_window mode'],
];

for (const [path, names] of blocks) {
  test(`the table of ${path.join(' ') || 'the root'} holds every keyword, and no other`, () => {
    const table = tableOf(...path);
    const inTable = table.flatMap((keyword) => [keyword.name, ...(keyword.aliases ?? [])]);
    assert.deepEqual([...inTable].sort(), [...words(names)].sort());
    assert.equal(new Set(inTable).size, inTable.length, 'no name stands for two keywords');
  });
}

test('keywords newer than 2.2.7 have their release', () => {
  const since = (path: readonly string[], name: string): string | undefined => named(tableOf(...path), name)?.since;
  assert.equal(since(['vrrp_instance'], 'auth_hmac'), '2.4.0');
  assert.equal(since(['vrrp_instance'], 'no_virtual_ipaddress'), '2.2.8');
  assert.equal(since(['global_defs'], 'v3_checksum_as_v2'), '2.2.8');
  assert.equal(since(['global_defs'], 'vrrp_delay_after_boot'), '2.4.0');
  assert.equal(since(['global_defs'], 'state_dump_file'), '2.3.3');
});
