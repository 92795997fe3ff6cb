// The pins of the builds beside that on the links, by the layout of their connection tables.
import {
  IPV6_PINS,
  SCTP_PINS,
  SCTP6_PINS,
  WIDE_PINS,
  WIDE_SCTP_PINS,
  WIDE_SCTP6_PINS,
  WIDE6_PINS,
} from '../../../src/datapath/ebpf/table/tables.js';

export const SIDE_BUILDS = {
  allPorts: WIDE_PINS,
  ipv6: IPV6_PINS,
  ipv6AllPorts: WIDE6_PINS,
  sctp: SCTP_PINS,
  sctpAllPorts: WIDE_SCTP_PINS,
  sctp6: SCTP6_PINS,
  sctp6AllPorts: WIDE_SCTP6_PINS,
} as const;
