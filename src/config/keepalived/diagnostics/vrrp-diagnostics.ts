// What can be wrong with instances and sync groups.
import type { DiagnosticRows, With } from './row.js';

const leftOut = ({ other }: With<'other'>): string => `give each its own virtual_router_id; ${other} is left out`;

export const vrrpDiagnostics = {
  'multicast-group-invalid': {
    severity: 'error',
    text: ({ keyword, word }: With<'keyword' | 'word'>) => `Can't parse ${keyword} [${word}]. Skipping`,
  },
  'multicast-group-family': {
    severity: 'error',
    text: ({ keyword, word, name }: With<'keyword' | 'word' | 'name'>) => `${keyword} [${word}] is not ${name}. Skipping`,
  },
  'multicast-group-not-multicast': {
    severity: 'error',
    text: ({ keyword, word }: With<'keyword' | 'word'>) => `${keyword} [${word}] is not multicast. Skipping`,
  },
  'interface-name-long': { severity: 'error', text: ({ word }: With<'word'>) => `Interface name '${word}' too long - ignoring` },
  'interface-loopback': {
    severity: 'error',
    text: ({ name, what }: With<'name' | 'what'>) => `(${name}) cannot use a loopback interface (lo) for ${what} - ignoring`,
  },
  'vrf-with-interface': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) vrf can only be specified without interface - clearing`,
  },
  'instance-without-interface': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) Unknown interface!`,
    hint: 'add interface IF; the instance is left out',
  },
  'vmac-xmit-base-without-vmac': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) vmac_xmit_base is only valid with a vmac`,
  },
  'vmac-xmit-base-strict-mode': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) xmit_base is incompatible with strict mode - resetting`,
  },
  'vmac-xmit-base-set': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) unicast with use_vmac requires vmac_xmit_base - setting`,
  },
  'heartbeat-incomplete': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) heartbeat needs an interface and the peer's address - ignoring`,
    hint: 'such as: eth1 192.0.2.2',
  },
  'instance-without-vrid': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) the virtual router id must be set`,
    hint: 'virtual_router_id 1..255; the instance is left out',
  },
  'linkbeat-polling': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) 'linkbeat_use_polling' in vrrp instance deprecated - use linkbeat_interfaces block`,
    hint: 'interfaces are watched by netlink; remove it',
  },
  'vmac-name-used': {
    severity: 'error',
    text: ({ name, owner, interface: dev }: With<'name' | 'owner' | 'interface'>) =>
      `(${name}) VRRP instance ${owner} is already using ${dev} - ignoring name`,
  },
  'instance-twice': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `vrrp instance ${name} already defined`,
    hint: 'the first one counts',
  },
  'sync-group-member-unknown': {
    severity: 'error',
    text: ({ text, group }: With<'text' | 'group'>) => `Virtual router ${text} specified in sync group ${group} doesn't exist - ignoring`,
  },
  'sync-group-member-of-two': {
    severity: 'error',
    text: ({ text, group }: With<'text' | 'group'>) => `Virtual router ${text} cannot exist in more than one sync group; ignoring ${group}`,
  },
  'sync-group-without-members': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `Sync group ${name} has no virtual router(s). removing`,
    hint: 'list the instances in group { }',
  },
  'sync-group-without-known-members': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `Sync group ${name}, no matching virtual router found in group declaration - removing`,
  },
  'sync-group-single-member': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `Sync group ${name} has only 1 virtual router(s) - this probably isn't what you want`,
  },
  'sync-group-list-empty': { severity: 'error', text: ({ name }: With<'name'>) => `Warning - sync group ${name} has empty group block` },
  'sync-group-global-tracking-deprecated': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) global_tracking is deprecated. Use track_interface/script/file on the sync group`,
  },
  'sync-group-twice': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `vrrp sync group ${name} already defined`,
    hint: 'the first one counts',
  },
  'source-address-invalid': {
    severity: 'error',
    text: ({ name, word }: With<'name' | 'word'>) =>
      `Configuration error: VRRP instance[${name}] malformed src address[${word}]. Skipping...`,
  },
  'source-address-family': {
    severity: 'error',
    text: ({ name, word }: With<'name' | 'word'>) =>
      `Configuration error: VRRP instance[${name}] and src address[${word}] MUST be of the same family !!! Skipping...`,
  },
  'multicast-destination-invalid': {
    severity: 'error',
    text: ({ name, word }: With<'name' | 'word'>) => `(${name}) malformed mcast dest address ${word}. Skipping...`,
  },
  'multicast-destination-not-multicast': {
    severity: 'error',
    text: ({ name, word }: With<'name' | 'word'>) => `(${name}) mcast_dst_ip ${word} not multicast. Skipping...`,
  },
  'multicast-destination-not-link-local': {
    severity: 'error',
    text: ({ name, word }: With<'name' | 'word'>) => `(${name}) mcast_dst_ip ${word} not link-local multicast. Skipping...`,
  },
  'multicast-destination-family': {
    severity: 'error',
    text: ({ name, word }: With<'name' | 'word'>) => `(${name}) mcast_dst_ip ${word} is not of the family of the instance. Skipping...`,
  },
  'multicast-destination-with-unicast': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) multicast destination specified with unicast - ignoring`,
  },
  'unicast-peer-invalid': {
    severity: 'error',
    text: ({ name, word }: With<'name' | 'word'>) =>
      `Configuration error: VRRP instance[${name}] malformed unicast peer address[${word}]. Skipping...`,
  },
  'unicast-peer-family': {
    severity: 'error',
    text: ({ name, word }: With<'name' | 'word'>) =>
      `Configuration error: VRRP instance[${name}] and unicast peer address[${word}] MUST be of the same family !!! Skipping...`,
  },
  'unicast-peer-option-without-value': {
    severity: 'error',
    text: ({ name, option }: With<'name' | 'option'>) => `(${name}) ${option} is missing a value`,
  },
  'unicast-peer-option-unknown': {
    severity: 'error',
    text: ({ name, option }: With<'name' | 'option'>) => `(${name}) unknown unicast_peer option ${option}`,
  },
  'unicast-peer-ttl-range': {
    severity: 'error',
    text: ({ name, minTtl, maxTtl }: With<'name' | 'minTtl' | 'maxTtl'>) =>
      `(${name}) min_ttl ${minTtl} > max_ttl ${maxTtl} - all packets will be discarded`,
  },
  'unicast-peer-twice': {
    severity: 'notice',
    text: ({ name, address }: With<'name' | 'address'>) => `(${name}) ${address} - duplicate unicast_peer`,
    hint: 'the first one counts',
  },
  'unicast-checksum-mode-unknown': {
    severity: 'error',
    text: ({ name, mode }: With<'name' | 'mode'>) => `(${name}) Unknown old_unicast_chksum mode ${mode} - ignoring`,
  },
  'unicast-ttl-without-peers': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}): Cannot use unicast_ttl without unicast peers - resetting`,
  },
  'virtual-addresses-exceed-advert': {
    severity: 'error',
    text: ({ name, address }: With<'name' | 'address'>) => `(${name}): address family must match VRRP instance [${address}] - ignoring`,
    hint: 'move it to virtual_ipaddress_excluded, or to another instance',
  },
  'virtual-address-not-link-local': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) the first IPv6 VIP address must be link local`,
  },
  'virtual-address-missing': {
    severity: 'error',
    text: ({ name, need }: With<'name' | 'need'>) => `(${name}) No VIP specified; at least one is ${need}`,
    hint: 'add no_virtual_ipaddress if none is wanted',
  },
  'native-ipv6-with-ipv4': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) Cannot specify native_ipv6 with IPv4 addresses`,
  },
  'vmac-mac-invalid': { severity: 'error', text: ({ text }: With<'text'>) => `VMAC invalid MAC address ${text}` },
  'vmac-mac-length': { severity: 'error', text: ({ text }: With<'text'>) => `VMAC invalid MAC address ${text} - ignored` },
  'vmac-mac-multicast': { severity: 'error', text: ({ text }: With<'text'>) => `VMAC MAC address is multicast ${text} - ignoring` },
  'vmac-mac-rfc5798': {
    severity: 'error',
    text: ({ text }: With<'text'>) => `VMAC MAC address not allowed to be RFC5798 address (${text}) - ignoring`,
  },
  'argument-missing-on-line': {
    severity: 'fatal',
    text: ({ keyword, where }: With<'keyword' | 'where'>) =>
      `*** Configuration line starting \`${keyword}\` is missing a parameter ${where}`,
  },
  'interface-group-unknown': {
    severity: 'error',
    text: ({ kind, word }: With<'kind' | 'word'>) => `${kind} group ${word} not found`,
    hint: 'a number, or a name of iproute2',
  },
  'vmac-name-twice': { severity: 'error', text: () => 'VMAC interface name already specified' },
  'vmac-name-invalid': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `VMAC interface name '${name}' too long or invalid characters - ignoring`,
  },
  'ipvlan-type-twice': {
    severity: 'error',
    text: ({ who, word }: With<'who' | 'word'>) => `(${who}) ipvlan type already specified - ignoring '${word}'`,
  },
  'ipvlan-name-twice': {
    severity: 'error',
    text: ({ who, name }: With<'who' | 'name'>) => `(${who}) IPVLAN interface already specified - ignoring '${name}'`,
  },
  'ipvlan-name-invalid': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `IPVLAN interface name '${name}' too long or invalid characters - ignoring`,
  },
  'ipvlan-without-source': {
    severity: 'error',
    text: ({ name }: With<'name'>) =>
      `(${name}) IPv4 ipvlan requires a source ip address to be configured. setting instance to fault state`,
    hint: 'give an address behind use_ipvlan, or set mcast_src_ip; the instance is left out',
  },
  'vmac-mac-strict-mode': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}): cannot specify MAC address with strict mode - clearing`,
  },
  'track-script-unused': {
    severity: 'notice',
    text: ({ name }: With<'name'>) => `Warning - script ${name} is not used`,
    hint: 'name it in track_script { } of an instance or a sync group',
  },
  'vrid-clash-unicast': {
    severity: 'error',
    text: ({ one, other, vrid }: With<'one' | 'other' | 'vrid'>) => `(${one}) duplicate VRID conflict with ${other} VRID ${vrid}`,
    hint: leftOut,
  },
  'vrid-clash': {
    severity: 'error',
    text: ({ one, other, vrid, family, dev }: With<'one' | 'other' | 'vrid' | 'family' | 'dev'>) =>
      `${one} and ${other} both use VRID ${vrid} with ${family} on interface ${dev}`,
    hint: leftOut,
  },
  'unicast-without-peers': {
    severity: 'error',
    text: ({ name }: With<'name'>) =>
      `(${name}) A unicast keyword has been specified without any unicast peers. Defaulting to multicast. This usage is deprecated - please update your configuration.`,
    hint: 'list the other nodes in unicast_peer { }, or remove the keyword',
  },
  'no-virtual-address-strict-mode': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `(${name}) no_virtual_ipaddress and strict mode incompatible, clearing no_virtual_ipaddress`,
  },
  'virtual-addresses-many': {
    severity: 'error',
    text: ({ name, count, max }: With<'name' | 'count' | 'max'>) =>
      `(${name}) Number of VIPs (${count}) exceeds maximum/space available in packet (max ${max} addresses) - excess moved to eVIPs`,
  },
} as const satisfies DiagnosticRows;
