// Compares a configuration with the host it will run on: missing interfaces, interfaces of the wrong kind, missing or insecure scripts.
// Pure: the facts about the host are arguments. The messages are those of keepalived -t.
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { Report } from '../diagnostics/report.js';
import type { Origin, Values, Word } from '../keyword.js';
import { blocksByName, placeOfName } from '../values/place-of-name.js';
import { allOf, blocksOf, linesOf, lineWords, nameOf, wordsOf } from '../values/values.js';
import { examineScripts, type ScriptFacts } from './examine-scripts.js';

export interface HostInterface {
  readonly loopback: boolean;
  /** A private macvlan, which use_vmac may take over. */
  readonly macvlan: boolean;
  readonly vrf?: boolean;
}

export interface InterfaceFacts {
  /** By name. */
  readonly interfaces: ReadonlyMap<string, HostInterface>;
}

export type HostFacts = InterfaceFacts & ScriptFacts;

/** IFNAMSIZ less its NUL. Longer names were refused before. */
const NAME_LENGTH_MAX = 15;

type MissingInterface =
  | 'address-interface-missing'
  | 'garp-group-interface-missing'
  | 'instance-interface-missing'
  | 'instance-vrf-missing'
  | 'route-interface-missing'
  | 'rule-interface-missing'
  | 'tracked-interface-missing';

class InterfaceExamination {
  readonly #configuration: KeepalivedConfiguration;
  readonly #root: Values;
  readonly #facts: InterfaceFacts;
  readonly #report: Report;
  readonly #named = new Map<string, ReadonlyMap<string, Values>>();
  #missing: Origin | undefined;

  constructor(configuration: KeepalivedConfiguration, root: Values, facts: InterfaceFacts, report: Report) {
    this.#configuration = configuration;
    this.#root = root;
    this.#facts = facts;
    this.#report = report;
  }

  /** The block of a named instance or group; the root where there is none. */
  #block(keyword: string, name: string): Values {
    let named = this.#named.get(keyword);
    if (named === undefined) {
      named = blocksByName(this.#root, keyword);
      this.#named.set(keyword, named);
    }
    return named.get(name) ?? this.#root;
  }

  #has(name: string | undefined): boolean {
    return name === undefined || this.#configuration.global.dynamicInterfaces || this.#facts.interfaces.has(name);
  }

  /** Reports that an interface is missing, if it is. */
  #need(name: string | undefined, block: Values, code: MissingInterface, who: string | undefined = ''): void {
    if (this.#has(name) || name === undefined) return;
    const at = placeOfName(block, name);
    const present = [...this.#facts.interfaces.keys()].slice(0, 16).join(', ') || 'none';
    this.#report(code, at, { name, who, present });
    this.#missing ??= at;
  }

  /** Covers every block, also blocks that did not become an instance. */
  #instanceInterfaces(): void {
    for (const block of blocksOf(this.#root, 'vrrp_instance')) {
      const word = wordsOf(block, 'interface')?.[0]?.text;
      if (word === undefined || word === 'lo' || word.length > NAME_LENGTH_MAX) continue;
      this.#need(word, block, 'instance-interface-missing', nameOf(block));
    }
  }

  #instances(): void {
    this.#instanceInterfaces();
    for (const instance of this.#configuration.instances) {
      const { name } = instance;
      const block = this.#block('vrrp_instance', name);
      this.#need(instance.vrf, block, 'instance-vrf-missing', name);
      for (const tracked of instance.track.interfaces) this.#need(tracked.name, block, 'tracked-interface-missing', name);
      this.#network(block, [...instance.addresses, ...instance.excludedAddresses], instance.routes, instance.rules);
      const vmac = instance.virtualInterface?.name;
      const taken = vmac === undefined ? undefined : this.#facts.interfaces.get(vmac);
      if (instance.virtualInterface?.kind === 'vmac' && taken !== undefined && !taken.macvlan) {
        this.#report('vmac-name-taken', placeOfName(block, vmac ?? ''), { name, vmac: vmac ?? '' });
      }
    }
    for (const group of this.#configuration.syncGroups) {
      const block = this.#block('vrrp_sync_group', group.name);
      for (const { name } of group.track.interfaces) this.#need(name, block, 'tracked-interface-missing', group.name);
    }
  }

  /** A route in a missing VRF waits for it in weir; keepalived removes the route. */
  #needVrf(name: string | undefined, block: Values): void {
    if (name === undefined) return;
    const found = this.#facts.interfaces.get(name);
    if (found === undefined ? this.#has(name) : found.vrf === true) return;
    this.#report(found === undefined ? 'route-vrf-missing' : 'route-vrf-other-kind', placeOfName(block, name), { name });
  }

  #network(
    block: Values,
    addresses: KeepalivedConfiguration['root']['staticAddresses'],
    routes: KeepalivedConfiguration['root']['staticRoutes'],
    rules: KeepalivedConfiguration['root']['staticRules'],
  ): void {
    for (const { dev } of addresses) {
      const place = dev === undefined ? undefined : addressBefore(block, dev);
      this.#need(dev, block, 'address-interface-missing', place);
    }
    for (const { dev, nextHops, vrf } of routes) {
      this.#needVrf(vrf, block);
      for (const name of [dev, ...nextHops.map((hop) => hop.dev)]) this.#need(name, block, 'route-interface-missing');
    }
    for (const { iif, oif } of rules) for (const name of [iif, oif]) this.#need(name, block, 'rule-interface-missing');
  }

  /** Static addresses without `dev` use default_interface; if that is missing, keepalived exits. */
  #statics(): void {
    const { root, global } = this.#configuration;
    const written = new Set(linesOf(this.#root, 'static_ipaddress').flatMap((line) => lineWords(line).map((word) => word.text)));
    const own = root.staticAddresses.filter(({ dev }) => dev === undefined || written.has(dev));
    this.#network(this.#root, own, root.staticRoutes, root.staticRules);
    for (const line of linesOf(this.#root, 'static_ipaddress')) {
      if (this.#has(global.defaultInterface) || lineWords(line).some((word) => word.text === 'dev')) continue;
      this.#report('static-address-interface-missing', line.keyword.at, {
        keyword: line.keyword.text,
        interface: global.defaultInterface,
      });
      this.#missing ??= line.keyword.at;
    }
    for (const [keyword, what] of [
      ['linkbeat_interfaces', 'linkbeat interface'],
      ['interface_up_down_delays', 'up/down delay'],
    ] as const) {
      for (const { keyword: name } of linesOf(this.#root, keyword)) {
        if (this.#has(name.text)) continue;
        this.#report('interface-unknown', name.at, { name: name.text, what });
      }
    }
  }

  #garpGroups(): void {
    for (const block of blocksOf(this.#root, 'garp_group')) {
      const single = allOf(block, 'interface').flatMap(({ value }) => (value as readonly Word[]).slice(0, 1).map((word) => word.text));
      const names = [
        ...single,
        ...linesOf(block, 'interfaces')
          .flatMap(lineWords)
          .map((word) => word.text),
      ];
      for (const name of names) this.#need(name, block, 'garp-group-interface-missing');
    }
  }

  run(): void {
    this.#statics();
    this.#garpGroups();
    this.#instances();
    if (this.#missing !== undefined) this.#report('interfaces-missing', this.#missing);
  }
}

/** The address on the line that names an interface. */
function addressBefore(block: Values, dev: string): string {
  for (const keyword of ['virtual_ipaddress', 'virtual_ipaddress_excluded', 'static_ipaddress']) {
    const line = linesOf(block, keyword).find(({ words }) => words.some((word) => word.text === dev));
    if (line !== undefined) return line.keyword.text;
  }
  return '';
}

/** Reports interfaces of `configuration` (read from `root`) that are missing on this host, or are of another kind. */
function examineInterfaces(configuration: KeepalivedConfiguration, root: Values, facts: InterfaceFacts, report: Report): void {
  new InterfaceExamination(configuration, root, facts, report).run();
}

/** Reports everything that this host lacks or has otherwise. It changes nothing. */
export function examineHost(configuration: KeepalivedConfiguration, root: Values, facts: HostFacts, report: Report): void {
  examineInterfaces(configuration, root, facts, report);
  examineScripts(configuration, root, facts, report);
}
