// Virtual servers, real servers and their checkers as keepalived.conf states them. Times in microseconds; inherited values applied.
import type { Address } from '../address.js';
import type { ClientAddress, ForwardingMethod, Protocol, ServiceKey, Tunnel } from '../service.js';
import type { Script } from './script.js';
import type { VipCheck } from './vip-check.js';

/** One line of a virtual_server_group. */
export type GroupMember =
  | { readonly kind: 'range'; readonly first: Address; readonly count: number; readonly port: number }
  | { readonly kind: 'fwmark'; readonly mark: number; readonly family?: 'inet' | 'inet6' };

export interface VirtualServerGroup {
  readonly name: string;
  readonly members: readonly GroupMember[];
}

/** Where a checker connects and how. */
export interface CheckTarget {
  readonly address?: Address;
  readonly port?: number;
  readonly bindAddress?: Address;
  readonly bindInterface?: string;
  readonly bindPort?: number;
  readonly fwmark?: number;
}

export interface CheckTiming {
  readonly alpha: boolean;
  readonly connectTimeoutUs: number;
  readonly retry: number;
  readonly delayBeforeRetryUs: number;
  readonly warmupUs: number;
  readonly delayLoopUs: number;
  /** weir's own: so many rounds in a row must succeed before it is up again, or fail before it is down. */
  readonly rise: number;
  readonly fall: number;
  readonly logAllFailures: boolean;
}

export interface HttpUrl {
  readonly path: string;
  readonly digest?: string;
  /** Accepted status codes, from..to inclusive. */
  readonly statusCodes: readonly { readonly from: number; readonly to: number }[];
  readonly virtualHost?: string;
  readonly regex?: {
    readonly pattern: string;
    readonly options: readonly string[];
    readonly negate: boolean;
    readonly minOffset: number;
    readonly maxOffset?: number;
  };
  readonly tlsCompliant: boolean;
}

/** What the certificate of a server must have that SSL_GET asks. */
export interface CertificateRules {
  /** The name that must be in it; absent: that of the request. */
  readonly host?: string;
  /** A file of certificates; absent: the SSL block's, else the system's. */
  readonly authorities?: string;
  /** So long before its end a warning is logged. */
  readonly warningDays?: number;
}

export type CheckKind =
  | { readonly kind: 'tcp' | 'ping' }
  | {
      readonly kind: 'http' | 'ssl';
      readonly urls: readonly HttpUrl[];
      readonly virtualHost?: string;
      readonly protocol: '1.0' | '1.0C' | '1.1';
      readonly fastRecovery: boolean;
      readonly sni: boolean;
      readonly sniName?: string;
      /** SSL_GET; absent: any certificate will do. */
      readonly verify?: CertificateRules;
      readonly tlsCompliant: boolean;
    }
  | { readonly kind: 'smtp'; readonly heloName?: string }
  | { readonly kind: 'dns'; readonly type: string; readonly name: string }
  | { readonly kind: 'misc'; readonly script: Script; readonly timeoutUs: number; readonly dynamic: boolean }
  | {
      readonly kind: 'udp';
      readonly payload?: string;
      readonly reply?: string;
      readonly requireReply: boolean;
      readonly minReply: number;
      readonly maxReply: number;
    }
  | { readonly kind: 'file'; readonly trackFile: string; readonly weight: number; readonly reverse: boolean }
  | { readonly kind: 'bfd'; readonly name: string }
  | VipCheck;

/** HTTP_GET and SSL_GET. */
export const asksPages = (check: CheckKind): check is Extract<CheckKind, { kind: 'http' | 'ssl' }> =>
  check.kind === 'http' || check.kind === 'ssl';

export interface Checker {
  readonly check: CheckKind;
  readonly target: CheckTarget;
  readonly timing: CheckTiming;
}

export interface RealServer {
  readonly address: Address;
  readonly port: number;
  readonly method: ForwardingMethod;
  readonly tunnel: Tunnel;
  /** weir's own, of `fullnat`: keepalived.conf has no such servers, a weir.yaml has. */
  readonly localAddresses?: readonly Address[];
  readonly clientAddress?: ClientAddress;
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  readonly inhibitOnFailure: boolean;
  /** weir's own: how long the weight rises when the server comes back, whole seconds; 0: it has its weight immediately. */
  readonly slowStartUs: number;
  readonly notifyUp?: Script;
  readonly notifyDown?: Script;
  readonly alpha: boolean;
  readonly smtpAlert: boolean;
  readonly virtualHost?: string;
  readonly checkers: readonly Checker[];
}

export interface VirtualServer {
  /** The name in logs: `[192.0.2.1]:tcp:80`, `FWM 1`, or the group's name. */
  readonly name: string;
  /** One service, or those of a group. */
  readonly target: { readonly kind: 'service'; readonly key: ServiceKey } | { readonly kind: 'group'; readonly group: string };
  readonly protocol: Protocol;
  readonly scheduler: string;
  readonly schedFlags: number;
  readonly method: ForwardingMethod;
  readonly tunnel: Tunnel;
  readonly onePacket: boolean;
  /** s */
  readonly persistence?: { readonly timeout: number; readonly netmask: number; readonly engine?: string };
  readonly alpha: boolean;
  readonly omega: boolean;
  readonly quorum: number;
  readonly hysteresis: number;
  readonly quorumUp?: Script;
  readonly quorumDown?: Script;
  readonly haSuspend: boolean;
  readonly smtpAlert: boolean;
  readonly virtualHost?: string;
  readonly sorryServer?: RealServer;
  readonly sorryInhibit: boolean;
  readonly realServers: readonly RealServer[];
}

/** The SSL block: what SSL_GET presents to servers. Paths of files. */
export interface SslContext {
  readonly password?: string;
  readonly authorities?: string;
  readonly certificate?: string;
  readonly key?: string;
}
