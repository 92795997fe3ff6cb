// Where the datapath is loaded, interfaces that come while a daemon runs are attached immediately: by a process of weir's that ends, so that
// the daemon itself maps no tables. Deleted and made again, a bond, VLAN or bridge carries traffic without a command.
import { Bpffs } from '../../datapath/ebpf/pins/bpffs.js';
import { counted } from '../../model/counted.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { Log } from '../../model/log-level.js';
import { native } from '../../sys/addon.js';
import { isSystemError } from '../../sys/errno.js';
import { knowsIpsec, knowsNetfilter } from '../../sys/netlink/known-kinds.js';
import { Netlink } from '../../sys/netlink/netlink.js';
import { IpsecGroup, MonitorGroup, NetfilterGroup, NetlinkKind, NetlinkMonitor } from '../../sys/netlink/netlink-monitor.js';
import { spawnChild } from '../../sys/processes/spawn-child.js';
import type { NetlinkMessage } from '../../wire/netlink.js';
import { isAboutRules } from '../../wire/nftables.js';
import { RouteMessage } from '../../wire/rtnetlink.js';
import { decodeInterfaceAddress, dumpAddresses } from '../../wire/rtnetlink-address.js';
import { decodeLink } from '../../wire/rtnetlink-link.js';
import { isRouteOfSource } from '../../wire/rtnetlink-route.js';
import { decodeRule, RuleMessage } from '../../wire/rtnetlink-rule.js';
import { setsReversePath } from '../../wire/rtnetlink-settings.js';
import { isAboutPolicies } from '../../wire/xfrm.js';
import { KnownAddresses } from './known-addresses.js';

const AF_UNSPEC = 0;
/** How often is looked for what namespaces that are gone have left. */
const SWEEP_INTERVAL_MS = 600_000;
/** How often is looked whether the kernel knows policies of IPsec, or rules of nf_tables, by now. */
const MODULE_INTERVAL_MS = 10_000;
/** From a change of policies until the datapath knows it. */
const IPSEC_DELAY_MS = 1000;
/** The same of rules: they may have taken weir's with them. */
const RULES_DELAY_MS = 50;
/** Where others change rules all the time, they are looked at so often. */
const RULES_INTERVAL_MS = 1000;
/** From a change of the host's addresses until the datapath knows it: a node of VRRP gets or loses many one after the other. */
const ADDRESSES_DELAY_MS = 1000;
const ADDRESSES_INTERVAL_MS = 5000;
/** After a failure. */
const RETRY_MS = 5000;
/** A process that still runs when the daemon ends has so long. */
const END_MS = 1500;
const ERROR_CHARACTERS_MAX = 500;

/**
 * What the attachments depend on, by interface: its link, and the rp_filter that new connections are examined by; up and down are none of it.
 * And policy rules that choose by source, and IPv6 routes with one.
 */
export class KnownLinks {
  readonly #known = new Map<number, string>();

  /** Whether one came or changed in what matters. Those that go leave nothing to attach. */
  changedBy(messages: readonly NetlinkMessage[]): boolean {
    let changed = false;
    for (const { type, payload } of messages) {
      if (type === RouteMessage.newSettings && setsReversePath(payload)) changed = true;
      if ((type === RuleMessage.newRule || type === RuleMessage.deleteRule) && decodeRule(payload)?.bySource) changed = true;
      if ((type === RouteMessage.newRoute || type === RouteMessage.deleteRoute) && isRouteOfSource(payload)) changed = true;
      // A bridge reports its ports in messages of their own family, with other attributes.
      if ((type !== RouteMessage.newLink && type !== RouteMessage.deleteLink) || payload[0] !== AF_UNSPEC) continue;
      const link = decodeLink(payload);
      if (link === undefined) continue;
      const text = [link.name, link.kind, link.mac, link.master, link.masterKind, link.lower].join();
      if (type === RouteMessage.deleteLink) this.#known.delete(link.ifindex);
      else if (this.#known.get(link.ifindex) !== text) {
        this.#known.set(link.ifindex, text);
        changed = true;
      }
    }
    return changed;
  }
}

/** The bpffs; absent also where this process cannot see the machine's mounts. */
function presentPins(): Bpffs | undefined {
  try {
    return Bpffs.find();
  } catch (error) {
    if (isWeirError(error)) return undefined;
    throw error;
  }
}

const isLoadedHere = (): boolean => presentPins()?.cookies().includes(native().netnsCookie()) === true;

/** `failure`: the reason why it failed. `notices`: otherwise, what it goes on without, or waited for. */
export interface Attempt {
  readonly failure?: string;
  readonly notices?: readonly string[];
}

/**
 * What udev runs, too: interfaces that came are attached, and it is decided whether new connections pass the packet filter first.
 * `signal`: kills it; the next command completes what it left.
 */
export function attachNew(signal?: AbortSignal): Promise<Attempt> {
  const { NOTIFY_SOCKET: _socket, ...env } = process.env;
  const args = [...process.execArgv, process.argv[1] ?? '', 'weir', 'load', '--if-loaded'];
  const killed = signal === undefined ? {} : { signal, killSignal: 'SIGKILL' as const };
  const child = spawnChild(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], env, ...killed });
  let text = '';
  // undefined where no descriptor was left for it
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(0, ERROR_CHARACTERS_MAX);
  });
  return new Promise((done) => {
    child.on('error', ({ message }) => done({ failure: message }));
    child.on('close', (status) => {
      const lines = text.split('\n').filter((line) => line.trim() !== '');
      done(status === 0 ? { notices: lines } : { failure: lines[0]?.trim() ?? `status ${status}` });
    });
  });
}

export interface InterfaceCoverOptions {
  readonly log: Log;
  readonly isLoaded?: () => boolean;
  readonly attach?: (signal: AbortSignal) => Promise<Attempt>;
}

/** One process at a time; changes while it runs are for the next one. */
export class InterfaceCover {
  readonly #links = new KnownLinks();
  #running: Promise<void> | undefined;
  #again = false;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #killing = new AbortController();

  constructor(readonly options: InterfaceCoverOptions) {}

  onChanges(messages: readonly NetlinkMessage[]): void {
    if (this.#links.changedBy(messages)) this.request();
  }

  request(): void {
    if (this.#running !== undefined) this.#again = true;
    else if ((this.options.isLoaded ?? isLoadedHere)()) this.#running = this.#run();
  }

  async #run(): Promise<void> {
    clearTimeout(this.#timer);
    const { failure, notices = [] } = await (this.options.attach ?? attachNew)(this.#killing.signal);
    this.#running = undefined;
    if (this.#killing.signal.aborted) return;
    for (const notice of notices) this.options.log('warning', notice);
    if (failure !== undefined) {
      if (this.#failures === 0) this.options.log('warning', `new interfaces could not be attached, trying again: ${failure}`);
      this.#failures += 1;
      this.#timer = setTimeout(() => this.request(), RETRY_MS).unref();
    } else if (this.#failures > 0) {
      this.options.log('info', `new interfaces are attached, after ${counted(this.#failures, 'failure')}`);
      this.#failures = 0;
    }
    if (this.#again) {
      this.#again = false;
      this.request();
    }
  }

  /** Resolves when no process of it is left: what was requested is done, within a bound. Nothing may be requested after that. */
  async close(): Promise<void> {
    const bound = setTimeout(() => this.#killing.abort(), END_MS);
    while (this.#running !== undefined) await this.#running;
    clearTimeout(bound);
    clearTimeout(this.#timer);
  }
}

/** Begins to remove what network namespaces leave behind when they go. */
export function sweepLeftovers(): void {
  const sweep = (): void => void presentPins()?.sweep();
  sweep();
  setInterval(sweep, SWEEP_INTERVAL_MS).unref();
}

/** What another kind of netlink reports. */
interface Followed {
  readonly what: string;
  readonly isKnown: () => boolean;
  readonly kind: number;
  readonly groups: number;
  readonly isAbout: (message: NetlinkMessage) => boolean;
  /** Some were lost. */
  readonly lost?: () => void;
  /** From a change, of many the first one, until it is acted on. */
  readonly delayMs: number;
  /** The least between two that are acted on. */
  readonly intervalMs: number;
}

/** @throws SystemError */
function followedAddresses(): Followed {
  const netlink = new Netlink();
  try {
    const known = new KnownAddresses(netlink.dump(dumpAddresses(), decodeInterfaceAddress, 'list addresses'));
    return {
      what: 'addresses',
      isKnown: () => true,
      kind: NetlinkKind.route,
      groups: MonitorGroup.address4 | MonitorGroup.address6,
      isAbout: (message) => known.isChangedBy(message),
      lost: () => known.forget(),
      delayMs: ADDRESSES_DELAY_MS,
      intervalMs: ADDRESSES_INTERVAL_MS,
    };
  } finally {
    netlink.close();
  }
}

const POLICIES: Followed = {
  what: 'policies of IPsec',
  isKnown: knowsIpsec,
  kind: NetlinkKind.xfrm,
  // Those that expire are reported apart from others.
  groups: IpsecGroup.policies | IpsecGroup.expiries,
  isAbout: isAboutPolicies,
  delayMs: IPSEC_DELAY_MS,
  intervalMs: 0,
};
const RULES: Followed = {
  what: 'rules of the packet filter',
  isKnown: knowsNetfilter,
  kind: NetlinkKind.netfilter,
  groups: NetfilterGroup.rules,
  isAbout: isAboutRules,
  delayMs: RULES_DELAY_MS,
  intervalMs: RULES_INTERVAL_MS,
};

/** As soon as the kernel knows of any: the module may come later. What it returns acts on a change that is due, now. */
function followChanges(
  { what, isKnown, kind, groups, isAbout, lost, delayMs, intervalMs }: Followed,
  log: Log,
  changed: () => void,
): () => void {
  let due: NodeJS.Timeout | undefined;
  let next = 0;
  const act = (): void => {
    clearTimeout(due);
    due = undefined;
    next = performance.now() + intervalMs;
    changed();
  };
  const soon = (): void => {
    due ??= setTimeout(act, Math.max(delayMs, next - performance.now())).unref();
  };
  const follow = (): void => {
    if (!isKnown()) {
      setTimeout(follow, MODULE_INTERVAL_MS).unref();
      return;
    }
    try {
      const changes = (messages: readonly NetlinkMessage[]): void => {
        // Each is looked at: what is known follows all of them.
        if (messages.filter(isAbout).length > 0) soon();
      };
      const overrun = (): void => {
        lost?.();
        soon();
      };
      new NetlinkMonitor(groups, { changes, overrun }, kind);
      soon();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      log('warning', `new ${what} will not be noticed: ${error.message}`);
    }
  };
  follow();
  return () => {
    if (due !== undefined) act();
  };
}

/**
 * Begins it in the network namespace of this thread. What the kernel refuses is logged: the daemon does without. What it returns ends it:
 * the addresses that went with the daemon are no longer this host's for the datapath.
 */
export function coverInterfaces(log: Log): () => Promise<void> {
  const cover = new InterfaceCover({ log });
  try {
    new NetlinkMonitor(MonitorGroup.link | MonitorGroup.settings4 | MonitorGroup.rule4 | MonitorGroup.rule6 | MonitorGroup.route6, {
      changes: (messages) => cover.onChanges(messages),
      overrun: () => cover.request(),
    });
    // What came before the monitor was there.
    cover.request();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    log('warning', `new interfaces will not be attached: ${error.message}`);
  }
  const due = [followedAddresses(), POLICIES, RULES].map((followed) => followChanges(followed, log, () => cover.request()));
  return () => {
    for (const act of due) act();
    return cover.close();
  };
}
