// The headers that BPF programs and user space share: what dev/abi-gen.mjs makes of each.

/** A header of the director whose constants user space has by the name `numbers`. */
const withNumbers = (name, object, numbers) => ({
  header: `bpf/director/${name}-abi.h`,
  objects: [object],
  out: `src/datapath/ebpf/${name}.gen.ts`,
  names: {},
  numbers,
});

const FULLNAT_HEADERS = ['bpf/director/fullnat-abi.h', 'bpf/director/fullnat6-abi.h'];
/** What a flow of FULLNAT has besides its record: parts of its connection, too. */
const IN_FLOW = 'FLOW_ V_STATE_SHIFT V_NOOUTPUT V_PROVEN CLOCK_SHIFT client_address tcp_state sctp_state'.split(' ');
/** All maps of content switching together: what a build with other ones must know is whether it has any. */
const SWITCH_MAPS =
  'switch_backs switch_counts switch_flows switch_held switch_hosts switch_listeners switch_outs switch_overtaken switch_paths switch_pools switch_ports switch_rounds switch_secrets switch_timers switch_turns';
const byOneName = (names, pin) => Object.fromEntries(names.split(' ').map((name) => [name, pin]));
const byOwnNames = (names) => Object.fromEntries(names.split(' ').map((name) => [name, name]));

/**
 * Each header becomes a file. `numbers`: the name of its constants. `names`: enums whose members user space names, by the prefix to cut off;
 * new members are only appended.
 * `apart`: enums of another file; `only`: nothing but the names.
 * `layouts`: each shared map gets a number (numbersOf). `unshared`: maps that no two builds share, or that `builds` have; records that only they have stand below the
 * line of the header that says so. `with`: headers with more of its maps. `belong`: what decides a map's number besides the sections of the header with its records: constants by
 * the beginnings of their names, enums, and records that are no map's own. `appended`: enums of which new members are only appended. `builds`: other objects
 * with maps of their own by the same names, their pins, and the header with their records; maps of one pin have one number together.
 */
export const FILES = [
  {
    header: 'bpf/director/abi.h',
    objects: ['weir.bpf.o'],
    out: 'src/datapath/ebpf/abi.gen.ts',
    names: { scheduler: 'SCHED_', method: 'M_' },
    reasons: { header: 'bpf/director/reasons.h', out: 'src/datapath/ebpf/reasons.gen.ts' },
    layouts: {
      out: 'src/datapath/ebpf/layouts.gen.ts',
      with: ['bpf/director/change-abi.h', 'bpf/director/locality-abi.h', 'bpf/director/template-abi.h'],
      before: 'bpf/director/layout-before.h',
      appended: ['switch_count'],
      unshared: [
        ...'drop_history fragment_servers fragments fragments_held fullnat_carried fullnat_entries fullnat_flows4 fullnat_flows6 fullnat_found fullnat_ftp'.split(
          ' ',
        ),
        ...'fullnat_xdp held_packets icmp_limits ipv6_tc ipv6_xdp scratch_space sctp6_tc sctp_tc'.split(' '),
        ...'quick_leases quick_pools quick_sources tunnel_tc tunnel_work tunnel_xdp wide6_tc wide_sctp6_tc wide_sctp_tc wide_tc'.split(' '),
      ],
      builds: [
        {
          header: [...FULLNAT_HEADERS, 'bpf/director/tunnel-abi.h', 'bpf/director/sctp-abi.h'],
          object: 'weir.bpf.o',
          maps: byOwnNames(
            'fullnat_carried fullnat_entries fullnat_flows4 fullnat_flows6 fullnat_found fullnat_xdp tunnel_tc tunnel_work tunnel_xdp',
          ),
        },
        {
          header: 'bpf/director/fragment-abi.h',
          object: 'weir.bpf.o',
          maps: byOwnNames('fragment_servers fragments fragments_held'),
        },
        { header: 'bpf/director/hold-abi.h', object: 'weir.bpf.o', maps: byOwnNames('held_packets') },
        { header: 'bpf/director/ftp-abi.h', object: 'weir.bpf.o', maps: byOwnNames('fullnat_ftp') },
        {
          header: FULLNAT_HEADERS,
          object: 'weir-fullnat.bpf.o',
          maps: byOwnNames(
            'fullnat_clients fullnat_dests fullnat_ends fullnat_foreign fullnat_pools fullnat_ports fullnat_timers fullnat_virtuals',
          ),
        },
        {
          header: FULLNAT_HEADERS,
          object: 'weir-fullnat6.bpf.o',
          maps: { fullnat_clients: 'fullnat_clients6', fullnat_ends: 'fullnat_ends6', fullnat_timers: 'fullnat_timers6' },
        },
        { header: 'bpf/director/switch-abi.h', object: 'weir-switch.bpf.o', maps: byOneName(SWITCH_MAPS, 'switch_flows') },
        { header: 'bpf/director/switch-abi.h', object: 'weir-switch6.bpf.o', maps: byOneName(SWITCH_MAPS, 'switch6_flows') },
        { header: 'bpf/director/tunnel-abi.h', object: 'weir-tunnel.bpf.o', maps: byOwnNames('tunnel_sources') },
        { header: 'bpf/director/ftp-abi.h', object: 'weir-wide.bpf.o', maps: byOwnNames('ftp_streams ftp_commands') },
        {
          header: 'bpf/director/abi6.h',
          object: 'weir-ipv6.bpf.o',
          maps: { conns: 'conns6', client_hops: 'client_hops6', housekeeping: 'housekeeping6', templates: 'templates6' },
        },
        {
          header: 'bpf/director/wide-abi.h',
          object: 'weir-wide.bpf.o',
          maps: { conns: 'conns_wide', housekeeping: 'timer_wide' },
        },
        {
          header: 'bpf/director/sctp-abi.h',
          object: 'weir-sctp.bpf.o',
          maps: { conns: 'conns_sctp', housekeeping: 'timer_sctp' },
        },
        {
          header: 'bpf/director/wide6-abi.h',
          object: 'weir-wide6.bpf.o',
          maps: { conns: 'conns_wide6', housekeeping: 'timer_wide6' },
        },
        {
          header: ['bpf/director/sctp-abi.h', 'bpf/director/abi6.h'],
          object: 'weir-sctp6.bpf.o',
          maps: { conns: 'conns_sctp6', housekeeping: 'timer_sctp6' },
        },
        {
          header: ['bpf/director/sctp-abi.h', 'bpf/director/wide-abi.h'],
          object: 'weir-wide-sctp.bpf.o',
          maps: { conns: 'conns_wide_sctp', housekeeping: 'timer_wide_sctp' },
        },
        {
          header: ['bpf/director/sctp-abi.h', 'bpf/director/wide6-abi.h'],
          object: 'weir-wide-sctp6.bpf.o',
          maps: { conns: 'conns_wide_sctp6', housekeeping: 'timer_wide_sctp6' },
        },
      ],
      belong: {
        changes: ['CHANGES'],
        client_hops: ['CLIENT_HOP_SETS', 'CLOCK_SHIFT'],
        conf: ['tcp_state'],
        conns: ['PROBE_BUCKETS', 'CLOCK_SHIFT', 'tcp_state', 'sctp_state'],
        dests: ['CLOCK_SHIFT', 'NH_', 'weir_state', 'address_family', 'intent'],
        drops: ['DROP_REASONS'],
        egresses: ['EGRESSES', 'CLOCK_SHIFT', 'NH_'],
        endpoints: ['ENDPOINT_PROBES'],
        ftp_commands: ['CLOCK_SHIFT', 'FTP_STREAMS'],
        ftp_streams: ['CLOCK_SHIFT'],
        fullnat_carried: ['REPORT_', 'report_state', ...IN_FLOW],
        fullnat_clients: ['client_address'],
        fullnat_entries: 'fullnat_build fullnat_program FULLNAT_BUILD_PLACES FULLNAT_RETURN FULLNAT_ANSWER FULLNAT_PLACES'.split(' '),
        fullnat_flows4: ['fullnat_flow', 'FULLNAT_POOLS', 'FULLNAT_PORTS', ...IN_FLOW],
        fullnat_flows6: ['fullnat6_flow', 'FULLNAT_POOLS', 'FULLNAT_PORTS', ...IN_FLOW],
        fullnat_ports: ['FULLNAT_POOLS', 'FULLNAT_PORTS'],
        fullnat_ftp: ['ftp_port_program'],
        fullnat_xdp: ['fullnat_xdp_program'],
        held_packets: ['held_packet', 'HELD_'],
        interfaces: ['INTERFACES'],
        locks: ['LOCKS', 'SPILL_LOCKS', 'LOCALITY_LOCKS', 'TEMPLATE_LOCKS'],
        services: ['CLOCK_SHIFT', 'weir_state', 'address_family'],
        switch_flows: ['CLOCK_SHIFT', 'switch_program'],
        templates: ['CLOCK_SHIFT'],
        tunnel_tc: ['tunnel_program'],
        tunnel_xdp: ['tunnel_program'],
      },
    },
  },
  { header: 'bpf/director/abi6.h', objects: ['weir-ipv6.bpf.o'], out: 'src/datapath/ebpf/abi6.gen.ts', names: {} },
  withNumbers('wide', 'weir-wide.bpf.o', 'WideAbi'),
  {
    header: 'bpf/director/bypass-abi.h',
    objects: ['weir-wide.bpf.o'],
    out: 'src/datapath/ebpf/bypass.gen.ts',
    names: {},
    numbers: 'BypassAbi',
  },
  { header: 'bpf/director/sctp-abi.h', objects: ['weir-sctp.bpf.o'], out: 'src/datapath/ebpf/sctp.gen.ts', names: {} },
  { header: 'bpf/director/wide6-abi.h', objects: ['weir-wide6.bpf.o'], out: 'src/datapath/ebpf/wide6.gen.ts', names: {} },
  withNumbers('tunnel', 'weir-tunnel.bpf.o', 'TunnelAbi'),
  withNumbers('switch', 'weir-switch.bpf.o', 'SwitchAbi'),
  { header: 'bpf/director/switch-abi.h', objects: ['weir-switch6.bpf.o'], out: 'src/datapath/ebpf/switch6.gen.ts', names: {} },
  withNumbers('fullnat', 'weir-fullnat.bpf.o', 'FullnatAbi'),
  { header: 'bpf/director/fullnat6-abi.h', objects: ['weir-fullnat6.bpf.o'], out: 'src/datapath/ebpf/fullnat6.gen.ts', names: {} },
  withNumbers('fragment', 'weir.bpf.o', 'FragmentAbi'),
  withNumbers('hold', 'weir.bpf.o', 'HoldAbi'),
  withNumbers('ftp', 'weir-wide.bpf.o', 'FtpAbi'),
  withNumbers('locality', 'weir.bpf.o', 'LocalityAbi'),
  withNumbers('template', 'weir.bpf.o', 'TemplateAbi'),
  withNumbers('drain', 'weir.bpf.o', 'DrainAbi'),
  withNumbers('template-flag', 'weir.bpf.o', 'TemplateFlagAbi'),
  withNumbers('interface-flag', 'weir.bpf.o', 'InterfaceFlagAbi'),
  withNumbers('call', 'weir.bpf.o', 'CallAbi'),
  withNumbers('apply', 'weir-apply.bpf.o', 'ApplyAbi'),
  withNumbers('apply-flow', 'weir-apply-fullnat.bpf.o', 'ApplyFlowAbi'),
  {
    header: 'bpf/filters/abi.h',
    objects: ['weir-vrrp.bpf.o', 'weir-heartbeat.bpf.o', 'weir-claim.bpf.o', 'weir-bfd.bpf.o'],
    out: 'src/daemon/filter/abi.gen.ts',
    names: { vrrp_reason: 'VRRP_' },
    apart: ['bfd_reason'],
  },
  {
    // BFD's machine refuses packets for the same reasons as its filter, and may import nothing of the daemon.
    header: 'bpf/filters/abi.h',
    objects: ['weir-bfd.bpf.o'],
    out: 'src/control/bfd/refusals.gen.ts',
    names: { bfd_reason: 'BFD_' },
    only: true,
  },
];
