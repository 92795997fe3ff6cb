// haproxy's health checks as checks of keepalived.conf.
import { parseAddress } from '../../model/address-text.js';
import { type Fate, lost, NOTHING, REPLACED, reportFate } from './haproxy-fates.js';
import { type HaproxyLine, haproxySeconds } from './haproxy-sections.js';
import { type GivenWord, isSet, wordValue } from './haproxy-words.js';
import type { At, ImportReport } from './import-report.js';
import type { CheckBlock, CheckRow } from './imported.js';
import { PORT_MAX, quoted, wholeNumber } from './values.js';

const [INTERVAL_S, FALL, COUNT_MAX] = [2, 3, 1000];
const OWN_COMMAND = 'MISC_CHECK with a command of your own';
const OTHER_KIND: Fate = { status: 'equivalent', why: 'health checks are of another kind' };
const ACCEPTS = 'a server counts as healthy if it accepts connections';
const OPTIONS =
  /^(?:httpchk|tcp-check|mysql-check|pgsql-check|redis-check|smtpchk|ldap-check|ssl-hello-chk|external-check|spop-check|lb-agent-chk)$/;

export interface HaproxyCheck {
  readonly keyword: 'TCP_CHECK' | 'HTTP_GET' | 'SMTP_CHECK';
  /** In front of the ports and times. */
  readonly rows: readonly CheckRow[];
  /** Of the service, s. */
  readonly interval: number;
  /** s */
  readonly timeout: number | undefined;
}

/** Whether a statement is about health checks: those have their lines of the report by checkRule. */
export const isOfChecks = ([first = '', second = '']: readonly string[]): boolean =>
  first === 'http-check' ||
  first === 'tcp-check' ||
  first === 'external-check' ||
  (first === 'timeout' && second === 'check') ||
  (first === 'option' && OPTIONS.test(second));

/** What a backend asks of each server: `option httpchk` and the like, behind those of `defaults`. */
export function checkRule(lines: readonly HaproxyLine[], report: ImportReport): HaproxyCheck {
  const inter = lines.findLast(({ words }) => words.includes('inter') && (words[0] === 'server' || words[0] === 'default-server'));
  const interval = haproxySeconds(inter?.words[inter.words.lastIndexOf('inter') + 1]) ?? INTERVAL_S;
  const option = lines.findLast(({ words }) => words[0] === 'option' && isOfChecks(words));
  const limit = lines.findLast(({ words }) => words[0] === 'timeout' && words[1] === 'check');
  const timeout = haproxySeconds(limit?.words[2]);
  if (limit !== undefined && timeout !== undefined) report.add(limit.at, 'equivalent', `connect_timeout ${timeout}`);
  for (const { words, at } of lines.filter((line) => line !== option && line !== limit && isOfChecks(line.words)))
    if (words[0] === 'option' || words[0] === 'timeout') reportFate(report, at, REPLACED);
  const kind = option?.words[1] ?? '';
  return { ...asked(kind, option, lines, report), interval, timeout };
}

function asked(
  kind: string,
  option: HaproxyLine | undefined,
  lines: readonly HaproxyLine[],
  report: ImportReport,
): Pick<HaproxyCheck, 'keyword' | 'rows'> {
  const named = (name: string): readonly HaproxyLine[] => lines.filter(({ words }) => words[0] === name);
  for (const { words, at } of named('tcp-check')) reportFate(report, at, tcpFate(kind, words));
  for (const { at } of named('external-check'))
    reportFate(report, at, kind === 'external-check' ? lost('the command is not run', OWN_COMMAND) : OTHER_KIND);
  if (option !== undefined && kind === 'httpchk') return { keyword: 'HTTP_GET', rows: httpRows(option, named('http-check'), report) };
  for (const { at } of named('http-check')) reportFate(report, at, OTHER_KIND);
  if (option !== undefined && kind === 'smtpchk') {
    const name = quoted(option.words[3] ?? '');
    report.add(option.at, 'equivalent', 'SMTP_CHECK');
    return { keyword: 'SMTP_CHECK', rows: name === undefined || name === '""' ? [] : [`helo_name ${name}`] };
  }
  if (option !== undefined && kind === 'tcp-check') report.add(option.at, 'equivalent', 'TCP_CHECK');
  else if (option !== undefined) report.add(option.at, 'approximated', 'TCP_CHECK', `${ACCEPTS}: weir has no ${kind}`, OWN_COMMAND);
  return { keyword: 'TCP_CHECK', rows: [] };
}

function tcpFate(kind: string, [, action = '', ...more]: readonly string[]): Fate {
  if (action === 'comment') return NOTHING;
  if (kind !== '' && kind !== 'tcp-check') return OTHER_KIND;
  if (action !== 'connect') return lost(`${ACCEPTS}: nothing is sent or expected`, OWN_COMMAND);
  return more.length === 0 ? NOTHING : lost('the check connects once, by TCP alone, to its address and port', OWN_COMMAND);
}

/** What a request of a check is made of. */
interface Request {
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly host?: string | undefined;
  /** What the check does not send. */
  readonly others: readonly string[];
}

/** `option httpchk`: METHOD, path, version, and in those days fields behind the version. */
function optionRequest(given: readonly string[]): Request {
  const [method, path] = given.length > 1 ? given : [undefined, given[0]];
  const fields = given
    .slice(2)
    .join(' ')
    .split(/\r?\n/)
    .slice(1)
    .filter((field) => field !== '');
  const hosts = fields.filter((field) => /^host:/i.test(field));
  return {
    ...{ method, path, host: hosts.at(-1)?.slice('host:'.length).trim() },
    others: fields.filter((field) => !hosts.includes(field)).map((field) => field.split(':')[0] ?? ''),
  };
}

/** `http-check send`: words with their values. */
function sentRequest(words: readonly string[]): Request {
  const found: { method?: string; path?: string; host?: string } = {};
  const others: string[] = [];
  for (let at = 0; at < words.length; at += 2) {
    const [name = '', value = ''] = words.slice(at, at + 2);
    if (name === 'meth') found.method = value;
    else if (name === 'uri') found.path = value;
    else if (name === 'hdr') {
      const text = words[at + 2] ?? '';
      at++;
      if (value.toLowerCase() === 'host') found.host = text;
      else others.push(value);
    } else if (name !== 'ver' && name !== 'comment') others.push(name);
  }
  return { ...found, others };
}

/** `200,204,300-310`; undefined: another expectation. */
function statusCodes(words: readonly string[]): string | undefined {
  const [what, list = '', ...more] = words;
  return what === 'status' && more.length === 0 && /^[1-5]\d\d(-[1-5]\d\d)?(,[1-5]\d\d(-[1-5]\d\d)?)*$/.test(list)
    ? list.replaceAll(',', ' ')
    : undefined;
}

function httpRows(option: HaproxyLine, lines: readonly HaproxyLine[], report: ImportReport): readonly CheckRow[] {
  const last = (name: string): HaproxyLine | undefined => lines.findLast(({ words }) => words[1] === name);
  const [send, expect] = [last('send'), last('expect')];
  const [before, sent] = [optionRequest(option.words.slice(2)), sentRequest(send?.words.slice(2) ?? [])];
  const method = sent.method ?? before.method ?? 'OPTIONS';
  const host = sent.host ?? before.host ?? '';
  if (method === 'GET') report.add(option.at, 'equivalent', 'HTTP_GET');
  else report.add(option.at, 'approximated', 'GET', `servers are asked by GET, not by ${method}`);
  notSent(option.at, before, report);
  if (send !== undefined && sent.others.length === 0) report.add(send.at, 'equivalent', 'HTTP_GET');
  if (send !== undefined) notSent(send.at, sent, report);
  const codes = expect === undefined ? undefined : statusCodes(expect.words.slice(2));
  if (expect !== undefined && codes !== undefined) report.add(expect.at, 'equivalent', `status_code ${codes}`);
  else if (expect !== undefined)
    report.add(expect.at, 'approximated', 'status_code 200-399', 'the answer is not looked at in another way', OWN_COMMAND);
  for (const line of lines) if (line !== send && line !== expect) reportFate(report, line.at, httpFate(line.words));
  return [
    { keyword: 'url', rows: [`path ${quoted(sent.path ?? before.path ?? '/') ?? '/'}`, `status_code ${codes ?? '200-399'}`] },
    ...(host === '' ? [] : [`virtualhost ${quoted(host) ?? ''}`]),
  ];
}

function notSent(at: At, { others }: Request, report: ImportReport): void {
  if (others.length > 0) reportFate(report, at, lost('health checks do not send it', OWN_COMMAND), others);
}

function httpFate([, action = '']: readonly string[]): Fate {
  if (action === 'comment' || action === 'send-state') return NOTHING;
  if (action === 'disable-on-404') return lost('a server that answers so has failed: it has weight 0 or is out of the table');
  if (action === 'send' || action === 'expect') return lost('a check is one request with one expectation: the last ones', OWN_COMMAND);
  return lost('the check connects once, by TCP alone, to its address and port', OWN_COMMAND);
}

/** A server that wants a header at its port answers no request without one, and health checks send none. */
export function withoutHeader(rule: HaproxyCheck, given: readonly GivenWord[], at: At, report: ImportReport): HaproxyCheck {
  if (rule.keyword === 'TCP_CHECK' || wordValue(given, 'port') !== undefined || wordValue(given, 'addr') !== undefined) return rule;
  report.add(at, 'approximated', 'TCP_CHECK', `${ACCEPTS}: health checks send no header`, 'check port PORT of one that takes none');
  return { ...rule, keyword: 'TCP_CHECK', rows: [] };
}

/** `given`: the words of a server. */
export function serverCheck(rule: HaproxyCheck, given: readonly GivenWord[]): CheckBlock {
  const { keyword, rows, interval, timeout } = rule;
  const address = parseAddress(wordValue(given, 'addr') ?? '');
  const port = wholeNumber(wordValue(given, 'port'), 1, PORT_MAX);
  const fall = wholeNumber(wordValue(given, 'fall'), 1, COUNT_MAX) ?? FALL;
  const own = haproxySeconds(wordValue(given, 'inter')) ?? INTERVAL_S;
  return {
    keyword: keyword === 'HTTP_GET' && isSet(given, 'check-ssl') ? 'SSL_GET' : keyword,
    rows: [
      ...rows,
      ...(address === undefined ? [] : [`connect_ip ${wordValue(given, 'addr') ?? ''}`]),
      ...(port === undefined ? [] : [`connect_port ${port}`]),
      ...(timeout === undefined ? [] : [`connect_timeout ${timeout}`]),
      ...(own === interval ? [] : [`delay_loop ${own}`]),
      `retry ${fall - 1}`,
      `delay_before_retry ${haproxySeconds(wordValue(given, 'fastinter')) ?? own}`,
    ],
  };
}

/** Words of a server about its check that the check does not have as they are. */
export function reportCheckWords(report: ImportReport, at: At, given: readonly GivenWord[]): void {
  const address = wordValue(given, 'addr');
  if (address !== undefined && parseAddress(address) === undefined)
    reportFate(report, at, lost('health checks go to the server itself: names are not looked up', 'write its address'), ['addr']);
  for (const name of ['inter', 'fastinter']) {
    const text = wordValue(given, name);
    const seconds = haproxySeconds(text);
    if (seconds !== undefined && !/^\d+(s|m|h|d)$|^\d+000(ms)?$/.test(text ?? ''))
      report.add(at, 'approximated', `${name} ${seconds}s`, 'times of health checks are whole seconds, and at least one');
  }
}
