// What loading, covering interfaces or repairing changed on this host, as `weir load` reports it.
import type { Family } from '../../../model/address.js';
import type { Hook } from './attachments.js';
import type { RecordDifference } from './interface-record.js';

export type DatapathChange =
  /** `connections`: what the table is made for. */
  | { readonly kind: 'loaded'; readonly connections: number; readonly services: number; readonly destinations: number }
  /** A connection table got another size under traffic: that of the links, or of `label`. `room`: what it is made for now. */
  | { readonly kind: 'resized'; readonly label?: string; readonly room: number; readonly moved: number }
  /** The `size=` of listings changed; no table was resized. */
  | { readonly kind: 'listed-size'; readonly size: number }
  /** A change of size that a killed command had begun is over. `back`: the table has the size of before. */
  | { readonly kind: 'move-finished'; readonly label?: string; readonly room: number; readonly connections: number; readonly back: boolean }
  /** The tables of the build before are this build's now. `moved`: connections. */
  | { readonly kind: 'taken-over'; readonly moved: number }
  | { readonly kind: 'attached' | 'detached'; readonly name: string; readonly hook: Hook }
  /** Its interface is gone: the pins and the record of it went, too. */
  | { readonly kind: 'forgotten'; readonly ifindex: number }
  | { readonly kind: 'recorded'; readonly name: string; readonly differences: readonly RecordDifference[] }
  /** Its record finds no place. `covered`: the programs are attached to it all the same. */
  | { readonly kind: 'unrecorded'; readonly name: string; readonly covered: boolean }
  | { readonly kind: 'pair-made' }
  | { readonly kind: 'link-up'; readonly name: string }
  /** `path`: below /proc/sys. */
  | { readonly kind: 'sysctl'; readonly path: string; readonly from: string; readonly to: string }
  | { readonly kind: 'repaired'; readonly what: 'change' | 'batch' }
  /** Policy rules of firewall marks that were made or removed. */
  | { readonly kind: 'mark-rules'; readonly count: number }
  /** `present`: a packet's source decides by which route it goes now; else it does not any more. */
  | { readonly kind: 'source-rules'; readonly family: Family; readonly present: boolean }
  /** New connections pass the host's packet filter now, or not any more. `why`: rules for whose sake they do. */
  | { readonly kind: 'firewall'; readonly passes: boolean; readonly why?: string }
  /** Something of the way by the packet filter was gone: new connections were refused, or dropped. */
  | { readonly kind: 'firewall-restored' }
  /** The ports of services with the helper for FTP. */
  | { readonly kind: 'ftp-ports'; readonly ports: readonly number[] }
  /** A rule for udev, until the next boot. */
  | { readonly kind: 'udev-rule'; readonly path: string }
  /** Destinations whose address came to this host, or left it. */
  | { readonly kind: 'local-marked'; readonly count: number }
  /** Destinations that policies of IPsec are for now, or are not any more. */
  | { readonly kind: 'policy-marked'; readonly count: number };

export type ReportChange = (change: DatapathChange) => void;
