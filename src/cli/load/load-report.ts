// The lines of `weir load` about what it changed: one for each interface, device, sysctl and repair. Pure.
import type { Hook } from '../../datapath/ebpf/load/attachments.js';
import type { DatapathChange } from '../../datapath/ebpf/load/datapath-change.js';
import type { RecordDifference } from '../../datapath/ebpf/load/interface-record.js';
import type { Family } from '../../model/address.js';
import { counted } from '../../model/counted.js';

const HOOK_TEXTS: Readonly<Record<Hook, string>> = { ingress: 'tc ingress', egress: 'tc egress', xdp: 'XDP' };

const DIFFERENCE_TEXTS: Readonly<Record<RecordDifference, string>> = {
  number: 'number',
  mac: 'MAC address',
  flags: 'kind of attachment',
  rp_filter: 'rp_filter',
  accept_local: 'accept_local',
  address: 'IP address',
};

const FAMILY_TEXTS: Readonly<Record<Family, string>> = { inet: 'IPv4', inet6: 'IPv6' };

type Attachment = Extract<DatapathChange, { readonly hook: Hook }>;

const isAttachment = (change: DatapathChange): change is Attachment => change.kind === 'attached' || change.kind === 'detached';

const tableText = (label: string | undefined): string =>
  label === undefined ? 'the connection table' : `the connection table of ${label}`;

const movedText = (moved: number): string =>
  moved === 0 ? 'there was none to move' : `${counted(moved, 'connection')} moved, none was lost`;

function lineOf(change: Exclude<DatapathChange, Attachment>): string {
  switch (change.kind) {
    case 'loaded':
      return `loaded: room for ${change.connections} connections, ${change.services} services, ${change.destinations} destinations`;
    case 'resized':
      return `${tableText(change.label)}: room for ${change.room} connections now; ${movedText(change.moved)}`;
    case 'listed-size':
      return `listings show size=${change.size}; the connection tables stay as they are`;
    case 'move-finished':
      return change.back
        ? `${tableText(change.label)}: the new size of a killed command was taken back, room for ${change.room} connections stays`
        : `${tableText(change.label)}: what a killed command had begun was finished, room for ${change.room} connections now`;
    case 'taken-over':
      return `the tables of the build before were taken over: ${movedText(change.moved)}`;
    case 'forgotten':
      return `interface number ${change.ifindex}: forgotten, since it is gone`;
    case 'recorded':
      return `${change.name}: known by its new ${change.differences.map((each) => DIFFERENCE_TEXTS[each]).join(', ')}`;
    case 'unrecorded':
      return change.covered
        ? `${change.name}: has no record, since other interfaces have all places for its number; its rp_filter counts as the strictest of such ones`
        : `${change.name}: not attached, since other interfaces have all places for its number`;
    case 'pair-made':
      return 'weir0 and weir1: made';
    case 'link-up':
      return `${change.name}: set up`;
    case 'sysctl':
      return `${change.path.replaceAll('/', '.')}: ${change.to} instead of ${change.from}`;
    case 'repaired':
      return change.what === 'batch'
        ? 'the table: the changes of a killed command that were to be one were undone'
        : 'the table: a change that a killed command had begun was finished or undone';
    case 'mark-rules':
      return `firewall marks: ${counted(change.count, 'policy rule')} made or removed`;
    case 'source-rules':
      return change.present
        ? `${FAMILY_TEXTS[change.family]}: routes may depend on the source of packets, so replies of each virtual address have their own next hops`
        : `${FAMILY_TEXTS[change.family]}: no route depends on the source of packets any more`;
    case 'firewall':
      return change.passes
        ? `firewall: new connections pass the packet filter of this host (raw, mangle, INPUT) before they are balanced${change.why === undefined ? '' : `: ${change.why}`}`
        : 'firewall: new connections are balanced in front of the packet filter of this host';
    case 'firewall-restored':
      return 'firewall: the way back from the packet filter (the nft table weir, or the routes of weir0) was gone, and is there again';
    case 'ftp-ports':
      return change.ports.length === 0
        ? 'FTP: the helper is for no service any more'
        : `FTP: the helper is for services of TCP port ${change.ports.join(', ')}, by VS/NAT and FULLNAT`;
    case 'udev-rule':
      return `${change.path}: made, so that udev attaches interfaces that come later`;
    case 'local-marked':
      return `${counted(change.count, 'destination')}: known to be an address of this host, or not to be one any more`;
    case 'policy-marked':
      return `${counted(change.count, 'destination')}: known that policies of IPsec are for its packets, or for others of them than before`;
  }
}

/** What an opening changed, as lines in the order of the changes; all hooks of one interface in one line. */
export function loadReport(changes: readonly DatapathChange[]): string {
  const lines: string[] = [];
  const seen = new Set<string>();
  for (const change of changes) {
    if (!isAttachment(change)) {
      lines.push(lineOf(change));
      continue;
    }
    const { kind, name } = change;
    if (seen.has(`${kind} ${name}`)) continue;
    seen.add(`${kind} ${name}`);
    const hooks = changes.flatMap((one) => (isAttachment(one) && one.kind === kind && one.name === name ? [HOOK_TEXTS[one.hook]] : []));
    lines.push(`${name}: ${kind} ${kind === 'attached' ? 'at' : 'from'} ${hooks.join(', ')}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}
