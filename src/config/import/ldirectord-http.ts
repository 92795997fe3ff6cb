// ldirectord's check of a page as HTTP_GET or SSL_GET.
import type { ImportReport } from './import-report.js';
import type { CheckBlock, CheckRow } from './imported.js';
import type { Block, CheckedServer } from './ldirectord-block.js';
import { quoted } from './values.js';

interface HttpCheck {
  readonly block: Block;
  readonly server: CheckedServer;
  readonly report: ImportReport;
  readonly keyword: 'HTTP_GET' | 'SSL_GET';
  /** Port and times. */
  readonly rest: readonly CheckRow[];
}

export function httpCheck(asked: HttpCheck): CheckBlock {
  const { report, rest } = asked;
  const path = pathOf(asked);
  if (path === undefined) {
    const why = 'a server counts as healthy if it accepts connections: keepalived.conf cannot hold this request';
    report.add(placeOf(asked, 'request'), 'approximated', 'TCP_CHECK', why);
    return { keyword: 'TCP_CHECK', rows: rest };
  }
  const expression = expressionOf(asked);
  const host = hostRows(asked);
  const method = asked.block.setting('httpmethod');
  if (method?.value.toUpperCase() === 'HEAD') report.add(method.at, 'approximated', 'GET', 'servers are asked for the page itself');
  else if (method !== undefined) report.add(method.at, 'equivalent', 'GET');
  // Without a text that is to be there the page must be there (2xx); a redirect is followed by ldirectord and not here.
  const url = ['status_code 200', ...(expression === undefined ? [] : [`regex ${expression}`])];
  return { keyword: asked.keyword, rows: [{ keyword: 'url', rows: [`path ${path}`, ...url] }, ...host, ...rest] };
}

/** Where a server or its virtual server has it. */
const placeOf = ({ block, server }: HttpCheck, name: 'request' | 'receive'): CheckedServer['at'] =>
  (server[name] === undefined ? block.setting(name)?.at : undefined) ?? server.at;

/** undefined: keepalived.conf cannot hold it. */
function pathOf(asked: HttpCheck): string | undefined {
  const { block, server, report } = asked;
  const request = server.request ?? block.value('request') ?? '/';
  const at = placeOf(asked, 'request');
  if (/^https?:\/\//.test(request))
    report.add(at, 'approximated', 'the path of the request', 'its host and port are those of the server, not those of the request');
  const path = quoted(request.replace(/^https?:\/\/[^/]*/, '').replace(/^(?!\/)/, '/'));
  if (path !== undefined && (server.request ?? block.value('request')) !== undefined) report.add(at, 'equivalent', `path ${path}`);
  return path;
}

function expressionOf(asked: HttpCheck): string | undefined {
  const { block, server, report } = asked;
  const receive = server.receive ?? block.value('receive') ?? '';
  if (receive === '') return undefined;
  const expression = quoted(receive);
  const at = placeOf(asked, 'receive');
  if (expression !== undefined) report.add(at, 'equivalent', `regex ${expression}`);
  else {
    const why = 'the text of the page is not looked at: keepalived.conf cannot hold this expression';
    report.add(at, 'approximated', 'the status alone', why);
  }
  return expression;
}

function hostRows({ block, report }: HttpCheck): readonly CheckRow[] {
  const setting = block.setting('virtualhost');
  if (setting === undefined) return [];
  const host = quoted(setting.value);
  if (host === undefined) report.lost(setting.at, 'servers are asked by their addresses: keepalived.conf cannot hold this name');
  else report.add(setting.at, 'equivalent', `virtualhost ${host}`);
  return host === undefined ? [] : [`virtualhost ${host}`];
}
