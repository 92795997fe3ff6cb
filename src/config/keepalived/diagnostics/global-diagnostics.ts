// What can be wrong in global_defs and at the root.
import type { DiagnosticRows, With } from './row.js';

export const globalDiagnostics = {
  'garp-group-interface-twice': {
    severity: 'error',
    text: ({ word }: With<'word'>) => `garp_group already specified for ${word} - ignoring`,
  },
  'garp-group-without-delay': {
    severity: 'error',
    text: ({ index }: With<'index'>) => `garp group ${index} does not have any delay set - removing`,
  },
  'garp-group-without-interfaces': {
    severity: 'notice',
    text: ({ index }: With<'index'>) => `garp group ${index} does not have any interfaces configured - removing`,
  },
  'smtp-server-invalid': { severity: 'error', text: ({ host, port }: With<'host' | 'port'>) => `Invalid smtp server ${host} ${port}` },
  'dynamic-interfaces-option-unknown': {
    severity: 'error',
    text: ({ option }: With<'option'>) => `Unknown dynamic_interfaces option '${option}'`,
  },
  'nftables-chain-name': { severity: 'error', text: ({ wrong }: With<'wrong'>) => `VRRP Error : nftables chain name ${wrong} - ignored` },
  'iptables-unsupported': {
    severity: 'error',
    text: () =>
      "iptables not supported, using nftables instead. Please replace 'vrrp_iptables and 'vrrp_ipsets' with 'nftables' config option",
  },
  'smtp-timeout-zero': { severity: 'error', text: () => 'smtp_conect_timeout must be greater than 0, setting to 1' },
  'notification-email-empty': { severity: 'error', text: () => 'Warning - empty notification_email block' },
  'reload-time-file-invalid': { severity: 'error', text: () => 'reload_time_file invalid' },
  'sync-daemon-group-invalid': {
    severity: 'error',
    text: ({ word }: With<'word'>) => `Invalid lvs_sync_daemon group (${word}) - ignoring`,
  },
  'sync-daemon-group-not-multicast': {
    severity: 'error',
    text: ({ word }: With<'word'>) => `lvs_sync_daemon group address ${word} is not multicast - ignoring`,
  },
  'sync-daemon-id-missing': { severity: 'error', text: () => 'No value specified for lvs_sync_daemon id, defaulting to vrid' },
  'sync-daemon-id-invalid': { severity: 'error', text: ({ word }: With<'word'>) => `Invalid syncid (${word}) - defaulting to vrid` },
  'sync-daemon-option-invalid': {
    severity: 'error',
    text: ({ keyword, value }: With<'keyword' | 'value'>) => `Invalid lvs_sync_daemon ${keyword} (${value}) - ignoring`,
  },
  'sync-daemon-id-keyword': { severity: 'error', text: () => 'Please use keyword "id" before lvs_sync_daemon SYNCID' },
  'sync-daemon-interface-name-long': {
    severity: 'error',
    text: ({ interface: dev }: With<'interface'>) => `lvs_sync_daemon interface name '${dev}' too long - ignoring`,
  },
  'sync-daemon-twice': {
    severity: 'error',
    text: ({ interface: dev, instance }: With<'interface' | 'instance'>) =>
      `lvs_sync_daemon has already been specified as ${dev} ${instance} - ignoring`,
  },
  'sync-peer-invalid': {
    severity: 'error',
    text: ({ word }: With<'word'>) => `Invalid lvs_sync_peers address (${word}) - ignoring`,
  },
  'sync-peers-none': { severity: 'error', text: () => 'lvs_sync_peers has no usable address - ignoring lvs_sync_daemon' },
  'sync-stream-word-invalid': {
    severity: 'error',
    text: ({ keyword, word }: With<'keyword' | 'word'>) => `lvs_sync_stream: invalid ${keyword} '${word}' - ignoring the line`,
  },
  'sync-stream-incomplete': {
    severity: 'error',
    text: ({ keyword }: With<'keyword'>) => `lvs_sync_stream has no ${keyword} - ignoring`,
  },
  'sync-daemon-interface-deprecated': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) Specifying lvs_sync_daemon_interface against a vrrp is deprecated.`,
  },
  'sync-daemon-interface-deprecated-use': {
    severity: 'error',
    // keepalived indents it to stand below the text of the line before.
    text: ({ name }: With<'interface' | 'name'>) => `${' '.repeat(String(name).length + 4)}Please use global lvs_sync_daemon`,
    hint: ({ interface: dev, name }: With<'interface' | 'name'>) => `lvs_sync_daemon ${dev} ${name}`,
  },
  'sync-daemon-interface-twice': {
    severity: 'error',
    text: ({ name, interface: dev }: With<'name' | 'interface'>) =>
      `(${name}) lvs_sync_daemon_interface has already been specified as ${dev} - ignoring`,
  },
  'lvs-timeout-unknown': { severity: 'error', text: ({ option }: With<'option'>) => `Unknown option ${option} specified for lvs_timeouts` },
  'lvs-timeout-invalid': {
    severity: 'error',
    text: ({ option, value }: With<'option' | 'value'>) => `Invalid lvs_timeout ${option} (${value}) - ignoring`,
  },
  'lvs-flush-unknown': { severity: 'error', text: ({ word }: With<'word'>) => `Unknown lvs_flush_on_stop type ${word}` },
  'rt-priority-invalid': {
    severity: 'error',
    text: ({ role, word }: With<'role' | 'word'>) => `${role} process real-time priority '${word}' invalid`,
  },
  'rt-priority-below-min': {
    severity: 'error',
    text: ({ role, value }: With<'role' | 'value'>) =>
      `${role} process real-time priority ${value} less than minimum 1 - setting to minimum`,
  },
  'rt-priority-above-max': {
    severity: 'error',
    text: ({ role, value }: With<'role' | 'value'>) =>
      `${role} process real-time priority ${value} greater than maximum 99 - setting to maximum`,
  },
  'cpu-id-invalid': {
    severity: 'error',
    text: ({ cpu, role }: With<'cpu' | 'role'>) => `Invalid cpu_id:${cpu} specified for ${role} process`,
  },
  'receive-buffers-policy-invalid': { severity: 'error', text: ({ word }: With<'word'>) => `Invalid vrrp_rx_bufs_policy ${word}` },
  'receive-buffers-size-and-policy': { severity: 'error', text: () => 'Cannot set vrrp_rx_bufs_policy size and policy, ignoring policy' },
  'receive-buffers-mtu-and-advert': {
    severity: 'error',
    text: () => 'Cannot set both vrrp_rx_bufs_policy MTU and ADVERT, ignoring ADVERT',
  },
  'track-group-twice': { severity: 'error', text: ({ name }: With<'name'>) => `track_group ${name} already defined` },
  'track-group-empty': { severity: 'error', text: ({ name }: With<'name'>) => `Warning - track group ${name} has empty group block` },
  'interface-delay-missing': {
    severity: 'notice',
    text: ({ name }: With<'name'>) => `No delay specified for interface ${name}`,
    hint: 'write: IF DOWN [UP], in seconds',
  },
  'linkbeat-extra-words': { severity: 'error', text: ({ type }: With<'type'>) => `extra characters ${type} in linkbeat interface` },
  'umask-bit-unknown': { severity: 'error', text: ({ rest }: With<'rest'>) => `Unknown umask bit ${rest}` },
  'umask-syntax': { severity: 'error', text: ({ rest }: With<'rest'>) => `Invalid umask syntax ${rest}` },
  'umask-extra-words': { severity: 'error', text: () => 'Extra parameter(s) to umask option' },
  'umask-invalid': { severity: 'error', text: ({ word }: With<'word'>) => `invalid umask value ${word}` },
} as const satisfies DiagnosticRows;
