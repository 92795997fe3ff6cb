// haproxy's health checks as checks of keepalived.conf.
import { type HaproxyLine, haproxySeconds } from './haproxy-sections.js';
import type { ImportReport } from './import-report.js';
import type { CheckBlock, CheckRow } from './imported.js';
import { PORT_MAX, quoted, wholeNumber } from './values.js';

const [INTERVAL_S, FALL, COUNT_MAX] = [2, 3, 1000];

export interface HaproxyCheck {
  readonly keyword: 'TCP_CHECK' | 'HTTP_GET' | 'SMTP_CHECK';
  /** In front of the ports and times. */
  readonly rows: readonly CheckRow[];
  /** s */
  readonly interval: number;
}

/** What a backend asks of each server: `option httpchk` and the like, behind those of `defaults`. */
export function checkRule(lines: readonly HaproxyLine[], report: ImportReport): HaproxyCheck {
  const inter = lines.findLast(({ words }) => words.includes('inter') && (words[0] === 'server' || words[0] === 'default-server'));
  const interval = haproxySeconds(inter?.words[inter.words.lastIndexOf('inter') + 1]) ?? INTERVAL_S;
  const plain: HaproxyCheck = { keyword: 'TCP_CHECK', rows: [], interval };
  const option = lines.findLast(({ words }) => words[0] === 'option' && /chk|-check$/.test(words[1] ?? ''));
  const [, kind = ''] = option?.words ?? [];
  if (option === undefined || kind === 'tcp-check') {
    for (const { at } of lines.filter(({ words }) => words[0] === 'tcp-check' && words[1] !== 'connect'))
      report.lost(
        at,
        'a server counts as healthy if it accepts connections: nothing is sent or expected',
        'MISC_CHECK with a command of your own',
      );
    return plain;
  }
  if (kind === 'smtpchk') return { ...plain, keyword: 'SMTP_CHECK' };
  if (kind !== 'httpchk') {
    report.add(
      option.at,
      'approximated',
      'TCP_CHECK',
      `a server counts as healthy if it accepts connections: weir has no ${kind}`,
      'MISC_CHECK with a command of your own',
    );
    return plain;
  }
  return { keyword: 'HTTP_GET', rows: httpRows(option, lines, report), interval };
}

function httpRows({ words, at }: HaproxyLine, lines: readonly HaproxyLine[], report: ImportReport): readonly CheckRow[] {
  const send = lines.findLast(({ words: [first, second] }) => first === 'http-check' && second === 'send')?.words ?? [];
  const named = (name: string): string | undefined => (send.includes(name) ? send[send.indexOf(name) + 1] : undefined);
  const given = words.slice(2);
  const path = named('uri') ?? (given.length > 1 ? given[1] : given[0]) ?? '/';
  const method = named('meth') ?? (given.length > 1 ? given[0] : 'OPTIONS');
  if (method !== 'GET') report.add(at, 'approximated', 'GET', `servers are asked by GET, not by ${method}`);
  const host = send[send.findIndex((word) => word.toLowerCase() === 'host') + 1] ?? /host:\s*(\S+)/i.exec(given.slice(2).join(' '))?.[1];
  const expected = lines.findLast(({ words: [first, second] }) => first === 'http-check' && second === 'expect');
  const status = /^status (\d{3})$/.exec(expected?.words.slice(2).join(' ') ?? '')?.[1];
  if (expected !== undefined && status === undefined)
    report.add(expected.at, 'approximated', 'a status of 2xx', 'the answer is not looked at in another way');
  return [
    { keyword: 'url', rows: [`path ${quoted(path) ?? '/'}`, status === undefined ? 'status_code 200-399' : `status_code ${status}`] },
    ...(host === undefined || host === '' || (!send.some((word) => word.toLowerCase() === 'host') && given.length < 3)
      ? []
      : [`virtualhost ${quoted(host) ?? ''}`]),
  ];
}

/** `value`: of a server's words. */
export function serverCheck({ keyword, rows, interval }: HaproxyCheck, value: (name: string) => string | undefined): CheckBlock {
  const port = wholeNumber(value('port'), 1, PORT_MAX);
  const fall = wholeNumber(value('fall'), 1, COUNT_MAX) ?? FALL;
  return {
    keyword,
    rows: [...rows, ...(port === undefined ? [] : [`connect_port ${port}`]), `retry ${fall - 1}`, `delay_before_retry ${interval}`],
  };
}
