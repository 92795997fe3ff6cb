// What can be wrong with virtual servers, their groups, servers and health checks.
import type { DiagnosticRows, Maybe, With } from './row.js';

export const virtualServerDiagnostics = {
  'check-bind-family': {
    severity: 'error',
    text: ({ bind }: With<'bind'>) => `bindto address ${bind} does not match address family of connect_ip - skipping`,
  },
  'check-bind-interface-long': {
    severity: 'error',
    text: ({ interface: dev }: With<'interface'>) => `Interface name ${dev} is too long - ignoring`,
    hint: '15 characters at most',
  },
  'check-link-local-without-interface': {
    severity: 'error',
    text: ({ address }: With<'address'>) => `Checker link local address ${address} requires a bind_if`,
  },
  'dns-name-empty-label': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `DNS_CHECK name '${name}' has empty label - ignoring`,
    hint: 'no dot at the end',
  },
  'file-check-weight-missing': { severity: 'error', text: () => 'track file weight missing' },
  'file-check-weight-range': {
    severity: 'error',
    text: () => 'weight for track file must be in [-2147483647..2147483647] inclusive. Ignoring...',
  },
  'file-check-weight-option-unknown': {
    severity: 'error',
    text: ({ word }: With<'word'>) => `unknown track file weight option ${word} - ignoring`,
    hint: 'reverse or noreverse',
  },
  'file-check-unknown': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `track_file ${name} not found`,
    hint: 'a track_file block of that name',
  },
  'file-check-without-file': { severity: 'error', text: () => 'FILE_CHECK has no track_file specified - ignoring' },
  'bfd-check-names': {
    severity: 'error',
    text: ({ server }: With<'server'>) => `(${server}) BFD_CHECK - No or too many names specified - skipping checker`,
  },
  'bfd-check-name-twice': {
    severity: 'error',
    text: ({ server, name, earlier }: With<'server' | 'name' | 'earlier'>) =>
      `(${server}) BFD_CHECK - BFD ${name} already specified as ${earlier}`,
  },
  'bfd-check-unknown': {
    severity: 'error',
    text: ({ server, name }: With<'server' | 'name'>) => `(${server}) BFD_CHECK - BFD ${name} not configured`,
  },
  'bfd-check-without-name': {
    severity: 'error',
    text: ({ server }: With<'server'>) => `(${server}) No name has been specified for BFD_CHECKER - skipping`,
  },
  'bfd-check-twice': {
    severity: 'error',
    text: ({ server, name }: With<'server' | 'name'>) => `(${server}) BFD_CHECK - RS already monitoring ${name}`,
  },
  'forwarding-unknown': {
    severity: 'error',
    text: ({ word, who }: With<'word' | 'who'>) => `PARSER : unknown [${word}] routing method for ${who}.`,
    hint: 'one of NAT, DR, TUN',
  },
  'tunnel-type-missing': {
    severity: 'error',
    text: ({ who }: With<'who'>) => `Missing tunnel type for ${who}.`,
    hint: 'one of ipip, gue, gre',
  },
  'tunnel-type-unknown': {
    severity: 'error',
    text: ({ value, who }: With<'value' | 'who'>) => `Unknown tunnel type ${value} for ${who}.`,
    hint: 'one of ipip, gue, gre',
  },
  'tunnel-port-missing': { severity: 'error', text: ({ who }: With<'who'>) => `Missing port for ${who} gue tunnel.` },
  'tunnel-port-invalid': {
    severity: 'error',
    text: ({ value, who }: With<'value' | 'who'>) => `Invalid gue tunnel port ${value} for ${who}.`,
  },
  'tunnel-option-invalid': {
    severity: 'error',
    text: ({ option, who }: With<'option' | 'who'>) => `Invalid tunnel option ${option} for ${who}.`,
    hint: 'type ipip|gue|gre, port N, nocsum, csum, remcsum',
  },
  'http-digest-length': {
    severity: 'error',
    text: ({ digest, length }: With<'digest' | 'length'>) => `digest '${digest}' character length should be 32 rather than ${length}`,
  },
  'http-digest-hex': {
    severity: 'error',
    text: ({ digest, pair, next }: With<'digest' | 'pair' | 'next'>) =>
      `Unable to interpret hex digit in '${digest}' at offset ${pair}/${next}`,
  },
  'http-status-code-invalid': {
    severity: 'error',
    text: ({ word }: With<'word'>) => `Invalid HTTP_GET status code '${word}'`,
    hint: 'N or N-M, 100 to 599',
  },
  'http-url-without-path': { severity: 'error', text: () => 'HTTP/SSL_GET checker url has no path - ignoring' },
  'http-retry-deprecated': { severity: 'error', text: () => "nb_get_retry is deprecated - please use 'retry'" },
  'http-retry-invalid': { severity: 'error', text: ({ text }: With<'text'>) => `Invalid nb_get_retry value '${text}'` },
  'http-without-url': { severity: 'error', text: () => 'HTTP/SSL_GET checker has no urls specified - ignoring', hint: 'a url { path … }' },
  'misc-check-without-user': {
    severity: 'error',
    text: ({ script }: With<'script'>) => `No user specified for misc checker script '${script}'`,
  },
  'misc-check-without-path': {
    severity: 'error',
    text: () => 'No script path has been specified for MISC_CHECKER - skipping',
    hint: 'misc_path COMMAND',
  },
  'udp-check-reply-invalid': {
    severity: 'error',
    text: () => 'Invalid hex string for UDP_CHECK reply',
    hint: 'hexadecimal digits, x for any',
  },
  'udp-check-reply-lengths': {
    severity: 'error',
    text: ({ minReply, maxReply }: With<'minReply' | 'maxReply'>) =>
      `UDP_CHECK min_reply length ${minReply} > max_reply_length ${maxReply} - will always fail`,
  },
  'real-server-family': {
    severity: 'error',
    text: ({ who, address }: With<'who' | 'address'>) =>
      `Address family of virtual server and ${who} ${address} don't match - skipping ${who}.`,
    hint: 'only TUN reaches servers of the other family',
  },
  'real-server-port-reset': {
    severity: 'error',
    text: ({ service, name }: With<'service' | 'name'>) =>
      `WARNING - virtual server ${service} and real server ${name} ports don't match - resetting`,
  },
  'real-server-snmp-name': { severity: 'error', text: () => 'real server snmp_name missing or extra parameters' },
  'sorry-server-address-invalid': {
    severity: 'error',
    text: ({ host }: With<'host'>) => `Invalid sorry server IP address ${host} - skipping`,
    hint: 'ADDRESS [PORT]',
  },
  'sorry-server-port-reset': {
    severity: 'error',
    text: ({ service }: With<'service'>) => `WARNING - virtual server ${service} and sorry server ports don't match - resetting`,
  },
  'scheduler-flag-without-effect': {
    severity: 'notice',
    text: ({ name, scheduler }: With<'name' | 'scheduler' | 'flag'>) => `${name} has no effect with lvs_sched ${scheduler}`,
    hint: ({ scheduler, flag }: With<'scheduler' | 'flag'>) => `${scheduler}${flag}`,
  },
  'persistence-timeout-invalid': { severity: 'error', text: () => 'persistence_timeout invalid' },
  'persistence-prefix-invalid': {
    severity: 'error',
    text: ({ text }: With<'text'>) => `Invalid IPv6 persistence_granularity specified - ${text}`,
    hint: 'a prefix length, 1 to 128',
  },
  'persistence-netmask-invalid': {
    severity: 'error',
    text: ({ text }: With<'text'>) => `Invalid IPv4 persistence_granularity specified - ${text}`,
    hint: 'a netmask such as 255.255.255.0',
  },
  'persistence-netmask-bits': {
    severity: 'notice',
    text: ({ text }: With<'text'>) => `persistence_granularity ${text} is no netmask of leading ones: clients are grouped unexpectedly`,
    hint: 'a netmask such as 255.255.255.0',
  },
  'persistence-engine-long': {
    severity: 'error',
    text: ({ engine }: With<'engine'>) => `persistence_name too long, truncating - ${engine}`,
  },
  'virtual-server-port-zero': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `Virtual server ${name}: zero port only valid for persistent services - setting`,
  },
  'virtual-server-fwmark-invalid': {
    severity: 'error',
    text: ({ word }: With<'word'>) => `virtual server fwmark '${word}' must be in [0, 4294967295] - ignoring`,
    hint: 'marks begin at 1: 0 means no mark',
  },
  'virtual-server-address-invalid': {
    severity: 'error',
    text: ({ port, where }: With<'port' | 'where'>) => `Invalid virtual server IP address${port} ${where} - skipping`,
    hint: 'ADDRESS [PORT]',
  },
  'virtual-server-family-conflict': {
    severity: 'error',
    text: ({ family }: With<'family'>) => `Virtual server specified family ${family} conflicts with server family`,
  },
  'virtual-server-protocol-ignored': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `Warning: Virtual server ${name}: protocol specified for fwmark - protocol will be ignored`,
  },
  'virtual-server-protocol-missing': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `Virtual server ${name}: no protocol set - defaulting to UDP`,
    hint: 'protocol TCP|UDP|SCTP',
  },
  'ssl-context-twice': { severity: 'error', text: () => 'SSL context already specified - replacing' },
  'ssl-option-twice': { severity: 'error', text: ({ what }: With<'what'>) => `SSL ${what} already specified - replacing` },
  'virtual-server-group-ports': {
    severity: 'error',
    text: ({ where, server }: With<'where' | 'server'>) => `virtual server ${where} and real server ${server} ports don't match`,
    hint: 'only lvs_method NAT can change the port',
  },
  'quorum-above-weights': {
    severity: 'error',
    text: ({ quorum, name, total }: With<'quorum' | 'name' | 'total'>) =>
      `Warning - quorum ${quorum} for ${name} exceeds total weight of real servers ${total}, reducing quorum to ${total}`,
  },
  'hysteresis-above-quorum': {
    severity: 'error',
    text: ({ name, hysteresis, fitted, lower }: With<'name' | 'hysteresis' | 'fitted' | 'lower'>) =>
      `Virtual server ${name}: hysteresis ${hysteresis} >= quorum ${fitted}; setting hysteresis to ${lower}`,
  },
  'group-fwmark-invalid': {
    severity: 'error',
    text: ({ name, word }: With<'name' | 'word'>) => `(${name}): fwmark '${word}' must be in [0, 4294967295] - ignoring`,
  },
  'group-fwmark-family-unknown': {
    severity: 'error',
    text: ({ name, word, family }: With<'name' | 'word' | 'family'>) => `(${name}): fwmark '${word}' family ${family} unknown - ignoring`,
    hint: 'inet or inet6',
  },
  'group-address-invalid': {
    severity: 'error',
    text: ({ word, tail }: With<'word' | 'tail'>) => `Invalid virtual server group IP address ${word} ${tail} - skipping`,
  },
  'sorry-server-inhibit-without-server': {
    severity: 'error',
    text: () => 'Ignoring sorry_server inhibit used before or without sorry_server',
  },
  'sorry-server-method-without-server': { severity: 'error', text: () => 'sorry_server forwarding used without sorry_server' },
  'ha-suspend-with-fwmark': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `Virtual server ${name}: cannot use ha_suspend with fwmarks - clearing ha_suspend`,
  },
  'one-packet-requires-udp': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `Virtual server ${name}: one packet scheduling requires UDP - resetting`,
  },
  'virtual-server-snmp-name': { severity: 'error', text: () => 'virtual server snmp_name missing or extra parameters' },
  'virtual-server-without-real-servers': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `Virtual server ${name} has no real servers - ignoring`,
    hint: 'real_server ADDRESS [PORT] { … }',
  },
  'scheduler-missing': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `Virtual server ${name}: no scheduler set, setting default 'wlc'`,
    hint: 'lvs_sched wlc',
  },
  'forwarding-missing': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `Virtual server ${name}: no forwarding method set, setting default NAT`,
    hint: 'lvs_method NAT',
  },
  'udp-check-payload-missing': { severity: 'error', text: () => 'UDP_CHECK payload requires a payload', hint: 'hexadecimal digits' },
  'udp-check-payload-invalid': { severity: 'error', text: () => 'Invalid hex string for UDP_CHECK payload', hint: 'hexadecimal digits' },
  'real-server-address-invalid': {
    severity: 'error',
    text: ({ word }: With<'word'>) => `Invalid real server ip address ${word} - skipping`,
    hint: 'ADDRESS [PORT]',
  },
  'real-server-endpoint-invalid': {
    severity: 'error',
    text: ({ word, port }: With<'word' | 'port'>) => `Invalid real server ip address/port ${word}/${port} - skipping`,
    hint: 'ADDRESS [PORT]',
  },
  'real-server-twice': {
    severity: 'error',
    text: ({ name, server }: With<'name' | 'server' | 'line'>) => `VS ${name}: real server ${server} is duplicated - removing second rs`,
    hint: ({ line }: With<'line'>) => `the first one is at line ${line}`,
  },
  'group-netmask-invalid': { severity: 'error', text: ({ text }: With<'text'>) => `Invalid netmask - ${text} - skipping` },
  'group-netmask-host-bits': { severity: 'error', text: ({ text }: With<'text'>) => `Address mask bits not empty - ${text} - skipping` },
  'group-range-large': { severity: 'error', text: ({ text }: With<'text'>) => `Address range ${text} is too large - skipping` },
  'group-range-backwards': {
    severity: 'error',
    text: ({ text }: With<'text'>) => `Address range end is less than address range start - ${text} - skipping`,
  },
  'group-range-trailing-characters': {
    severity: 'error',
    text: ({ text, end }: With<'text' | 'end'>) => `Virtual server group range '${text}' has extra characters at end '${end}'`,
  },
  'group-range-end-large': {
    severity: 'error',
    text: ({ text, end }: With<'text' | 'end'>) => `Virtual server group range '${text}' end '${end}' too large`,
  },
  'group-range-end-low': {
    severity: 'error',
    text: ({ text }: With<'text'>) => `Address range end is not greater than address range start - ${text} - skipping`,
  },
  'group-empty': { severity: 'error', text: ({ name }: With<'name'>) => `virtual server group ${name} has no entries - removing` },
  'group-mixed': {
    severity: 'error',
    text: ({ name }: With<'name'>) => `virtual server group ${name} cannot have IPv4, IPv6 and fwmark without family - removing`,
  },
  'tunnel-port-and-type': { severity: 'error', text: () => 'gue tunnels require port, otherwise cannot have port.' },
  'tunnel-ipip-checksum': { severity: 'error', text: () => 'ipip tunnels do not support checksum option.' },
  'tunnel-gre-remote-checksum': { severity: 'error', text: () => 'gre tunnels do not support remote checksum option.' },
  'scheduler-flag-ignored': {
    severity: 'error',
    text: ({ name }: With<'name'> & Maybe<'hint'>) => `${name} only applies to sh scheduler - ignoring`,
    hint: ({ hint }: Maybe<'hint'>) => hint,
  },
} as const satisfies DiagnosticRows;
