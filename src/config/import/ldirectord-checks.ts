// ldirectord's checks of the servers of one virtual server as checks of keepalived.conf, with a line for each setting that they have.
import { formatAddress } from '../../model/address-text.js';
import { entryOf } from '../../model/own-entry.js';
import type { ServiceKey } from '../../model/service.js';
import type { At, ImportReport } from './import-report.js';
import type { CheckBlock, CheckRow } from './imported.js';
import type { Block, CheckedServer } from './ldirectord-block.js';
import { httpCheck } from './ldirectord-http.js';
import { type CheckTiming, DEFAULT_INTERVAL_S, timingOf } from './ldirectord-timing.js';
import { PORT_MAX, quoted, wholeNumber } from './values.js';

/** With their ports: of a virtual server the one by its port, and of a mark the port by the service. */
const SERVICES: Readonly<Record<string, number>> = {
  ...{ ftp: 21, smtp: 25, dns: 53, http: 80, pop: 110, nntp: 119, imap: 143, ldap: 389, https: 443, submission: 587, imaps: 993 },
  ...{ pops: 995, oracle: 1521, radius: 1812, http_proxy: 3128, mysql: 3306, sip: 5060, pgsql: 5432 },
};
const KEYWORDS: Readonly<Record<string, CheckBlock['keyword']>> = {
  ...{ http: 'HTTP_GET', https: 'SSL_GET', smtp: 'SMTP_CHECK', submission: 'SMTP_CHECK', dns: 'DNS_CHECK' },
};
const SENT = ['request', 'receive', 'login', 'passwd', 'database', 'secret', 'load'];

export class ServerChecks {
  /** undefined: nothing is checked. */
  readonly #keyword: CheckBlock['keyword'] | undefined;
  readonly #timing: CheckTiming | undefined;
  readonly #port: number | undefined;

  constructor(
    readonly block: Block,
    readonly key: ServiceKey,
    readonly report: ImportReport,
  ) {
    const type = block.value('checktype') ?? 'negotiate';
    const isNegotiated = !/^(?:on|off|connect|ping|external|external-perl)$/.test(type);
    this.#keyword = isNegotiated ? this.#negotiated() : this.#plain(type);
    this.#typeLine(type, isNegotiated);
    if (this.#keyword === undefined) return;
    this.#timing = timingOf(block, isNegotiated ? 'negotiate' : type.replace('-perl', ''), report);
    this.#port = this.#checkPort();
  }

  /** s */
  get interval(): number {
    return this.#timing?.interval ?? DEFAULT_INTERVAL_S;
  }

  #at(name: string): At {
    return this.block.setting(name)?.at ?? this.block.head.at;
  }

  /** The check that asks no more than whether a server is there. */
  get #accepting(): CheckBlock['keyword'] {
    return this.key.kind === 'address' && this.key.protocol === 'udp' ? 'PING_CHECK' : 'TCP_CHECK';
  }

  #plain(type: string): CheckBlock['keyword'] | undefined {
    if (type === 'on' || type === 'off') return undefined;
    if (type === 'connect') return this.#accepting;
    return type === 'ping' ? 'PING_CHECK' : 'MISC_CHECK';
  }

  #typeLine(type: string, isNegotiated: boolean): void {
    const { report, block } = this;
    const at = this.#at('checktype');
    if (type === 'off') {
      const why = 'ldirectord never activates a server of checktype off; here it has connections';
      report.add(at, 'approximated', 'no check', why, 'weight 0 keeps it out');
    } else if (/^\d+$/.test(type)) {
      const why = `ldirectord only connects ${type} times of ${Number(type) + 1}`;
      report.add(at, 'approximated', 'the negotiating check each time', why);
    } else if (isNegotiated && type !== 'negotiate')
      report.add(at, 'approximated', 'the negotiating check', `ldirectord has no checktype ${type}`);
    else if (block.setting('checktype') !== undefined) report.add(at, 'equivalent', this.#keyword ?? 'no check');
  }

  /** By the service; those that weir has no check for become a connection, with a line. */
  #negotiated(): CheckBlock['keyword'] | undefined {
    const { block, key, report } = this;
    const port = key.kind === 'fwmark' ? 0 : key.port;
    const [byPort = 'none'] = Object.entries(SERVICES).find(([, each]) => each === port) ?? [];
    const service = block.value('service') ?? byPort;
    const at = this.#at('service');
    const keyword = entryOf(KEYWORDS, service);
    if (keyword !== undefined) {
      if (block.setting('service') !== undefined) report.add(at, 'equivalent', keyword);
      return keyword;
    }
    if (service === 'none') {
      report.add(at, 'equivalent', 'no check', 'ldirectord monitors no service "none" either');
      return undefined;
    }
    const accepting = this.#accepting;
    const healthy = accepting === 'TCP_CHECK' ? 'accepts connections' : 'answers a ping';
    const why = `a server counts as healthy if it ${healthy}: weir has no check for ${service}`;
    report.add(at, 'approximated', accepting, why, 'MISC_CHECK with a command of your own');
    for (const name of SENT) {
      const setting = block.setting(name);
      if (setting !== undefined) report.lost(setting.at, `${accepting} does not use it`);
    }
    return accepting;
  }

  /** The port that checks connect to, where it is that of no server. */
  #checkPort(): number | undefined {
    const setting = this.#keyword === 'MISC_CHECK' || this.#keyword === 'PING_CHECK' ? undefined : this.block.setting('checkport');
    const port = wholeNumber(setting?.value, 1, PORT_MAX);
    if (setting !== undefined && port !== undefined) this.report.add(setting.at, 'equivalent', `connect_port ${port}`);
    else if (setting !== undefined) this.report.lost(setting.at, `checks connect to the port of the server: a port is 1 to ${PORT_MAX}`);
    return port;
  }

  /** `true`: none. */
  of(server: CheckedServer): CheckBlock | true {
    const [keyword, timing] = [this.#keyword, this.#timing];
    if (keyword === undefined || timing === undefined) return true;
    if (keyword === 'MISC_CHECK') return this.#external(server, timing);
    const times = [`connect_timeout ${timing.timeout}`, ...timing.retries];
    if (keyword === 'PING_CHECK') return { keyword, rows: times };
    const port = this.#port ?? (server.port || entryOf(SERVICES, this.block.value('service') ?? ''));
    if (port === undefined) {
      this.report.add(server.at, 'approximated', 'no check', 'it is always taken as healthy: no port is known to connect to', 'checkport');
      return true;
    }
    const rest = [...(this.key.kind === 'fwmark' || port !== server.port ? [`connect_port ${port}`] : []), ...times];
    if (keyword === 'HTTP_GET' || keyword === 'SSL_GET')
      return httpCheck({ block: this.block, server, report: this.report, keyword, rest });
    return { keyword, rows: keyword === 'DNS_CHECK' ? [...this.#dnsRows(server), ...rest] : rest };
  }

  #dnsRows({ at, request: own, receive }: CheckedServer): readonly CheckRow[] {
    const { block, report } = this;
    const request = own ?? block.value('request');
    const name = request === undefined ? undefined : quoted(request);
    if (request !== undefined) {
      const place = own === undefined ? this.#at('request') : at;
      if (name === undefined) report.lost(place, 'the root is asked for: keepalived.conf cannot hold this name');
      else report.add(place, 'equivalent', `name ${name}`);
    }
    if (receive ?? block.value('receive')) {
      const why = 'any answer is good: which address it has is not looked at';
      report.add(receive === undefined ? this.#at('receive') : at, 'approximated', 'DNS_CHECK', why);
    }
    return name === undefined ? [] : [`name ${name}`];
  }

  /** With the arguments that ldirectord passes. */
  #external({ address, port }: CheckedServer, { timeout, retries }: CheckTiming): CheckBlock {
    const { block, key, report } = this;
    const setting = block.setting('checkcommand');
    if (setting !== undefined) report.add(setting.at, 'equivalent', 'misc_path');
    const virtual = key.kind === 'fwmark' ? `${key.mark} 0` : `${formatAddress(key.address)} ${key.port}`;
    const words = [setting?.value ?? '/bin/true', virtual, formatAddress(address), String(port)].join(' ');
    return { keyword: 'MISC_CHECK', rows: [`misc_path "${words.replace(/["\\\p{Cc}]/gu, '')}"`, `misc_timeout ${timeout}`, ...retries] };
  }
}
