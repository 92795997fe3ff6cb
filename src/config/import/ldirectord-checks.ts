// ldirectord's negotiating checks as checks of keepalived.conf.
import type { At, ImportReport } from './import-report.js';
import type { CheckBlock, CheckRow } from './imported.js';
import type { Block } from './ldirectord-block.js';
import { quoted, tcpCheck } from './values.js';

/** By the port of the virtual server. */
const SERVICES: Readonly<Record<number, string>> = {
  21: 'ftp',
  25: 'smtp',
  53: 'dns',
  80: 'http',
  110: 'pop',
  119: 'nntp',
  143: 'imap',
  389: 'ldap',
  443: 'https',
  587: 'submission',
  993: 'imaps',
  995: 'pops',
  1521: 'oracle',
  1812: 'radius',
  3128: 'http_proxy',
  3306: 'mysql',
  5060: 'sip',
  5432: 'pgsql',
};

export interface Negotiated {
  readonly block: Block;
  /** Of the server. */
  readonly at: At;
  readonly report: ImportReport;
  /** Other than the server's. */
  readonly port: number | undefined;
  /** s */
  readonly timeout: number;
  readonly request: string | undefined;
  readonly receive: string | undefined;
  readonly virtualPort: number;
}

function httpCheck(asked: Negotiated, secure: boolean): CheckBlock {
  const { block, at, report, port, timeout } = asked;
  const [request = '/', receive] = [asked.request ?? block.value('request'), asked.receive ?? block.value('receive')];
  if (/^https?:\/\//.test(request))
    report.add(at, 'approximated', 'the path of the request', 'its host and port are those of the server, not those of the request');
  const path = request.replace(/^https?:\/\/[^/]*/, '').replace(/^(?!\/)/, '/');
  const wanted = quoted(path);
  const host = block.value('virtualhost');
  if (wanted === undefined) {
    report.add(
      at,
      'approximated',
      'TCP_CHECK',
      'a server counts as healthy if it accepts connections: keepalived.conf cannot hold this request',
    );
    return tcpCheck(timeout, port);
  }
  // Without a text that is to be there the page must be there (2xx); a redirect is followed by ldirectord and not here.
  const expression = receive === undefined || receive === '' ? undefined : quoted(receive);
  if (receive !== undefined && receive !== '') {
    if (expression === undefined)
      report.add(
        at,
        'approximated',
        'the status alone',
        'the text of the page is not looked at: keepalived.conf cannot hold this expression',
      );
    else report.add(at, 'equivalent', `regex ${expression}`);
  }
  const rows: readonly CheckRow[] = [
    { keyword: 'url', rows: [`path ${wanted}`, 'status_code 200', ...(expression === undefined ? [] : [`regex ${expression}`])] },
    ...(host === undefined || quoted(host) === undefined ? [] : [`virtualhost ${quoted(host)}`]),
    ...(port === undefined ? [] : [`connect_port ${port}`]),
    `connect_timeout ${timeout}`,
  ];
  if (block.value('httpmethod')?.toUpperCase() === 'HEAD')
    report.add(block.setting('httpmethod')?.at ?? at, 'approximated', 'GET', 'servers are asked for the page itself');
  return { keyword: secure ? 'SSL_GET' : 'HTTP_GET', rows };
}

/** By the service; those that weir has no check for become a connection, with a line. */
export function negotiateCheck(asked: Negotiated): CheckBlock | true {
  const { block, at, report, port, timeout, virtualPort } = asked;
  const service = block.value('service') ?? SERVICES[virtualPort] ?? 'none';
  const request = asked.request ?? block.value('request');
  if (service === 'http' || service === 'https') return httpCheck(asked, service === 'https');
  const rest = [...(port === undefined ? [] : [`connect_port ${port}`]), `connect_timeout ${timeout}`];
  if (service === 'smtp' || service === 'submission') return { keyword: 'SMTP_CHECK', rows: rest };
  if (service === 'dns') {
    const name = request === undefined ? undefined : quoted(request);
    if (asked.receive ?? block.value('receive'))
      report.add(at, 'approximated', 'DNS_CHECK', 'any answer is good: which address it has is not looked at');
    return { keyword: 'DNS_CHECK', rows: [...(name === undefined ? [] : [`name ${name}`]), ...rest] };
  }
  if (service === 'none') {
    report.add(at, 'equivalent', 'no check', 'ldirectord monitors no service "none" either');
    return true;
  }
  report.add(
    at,
    'approximated',
    'TCP_CHECK',
    `a server counts as healthy if it accepts connections: weir has no check for ${service}`,
    'MISC_CHECK with a command of your own',
  );
  return tcpCheck(timeout, port);
}
