// HTTP_GET and SSL_GET: their URLs.
import type { CertificateRules, CheckKind, HttpUrl } from '../../../../model/keepalived/virtual-server.js';
import { type Report, reportProblem } from '../../diagnostics/report.js';
import type { Origin, Values, Word } from '../../keyword.js';
import { readWhole, UNSIGNED_MAX } from '../../values/number.js';
import { splitCommand } from '../../values/script.js';
import { allOf, blocksOf, booleanOf, has, lastOf, numberOf, placeOf, textOf, wordsOf } from '../../values/values.js';

type StatusRange = HttpUrl['statusCodes'][number];

function readDigest(block: Values, report: Report): string | undefined {
  const digest = textOf(block, 'digest');
  if (digest === undefined) return undefined;
  const at = placeOf(block, 'digest');
  if (digest.length !== 32) {
    report('http-digest-length', at, { digest, length: digest.length });
    return undefined;
  }
  const bad = /[^0-9a-fA-F]/.exec(digest)?.index;
  if (bad === undefined) return digest.toLowerCase();
  const pair = bad - (bad % 2);
  report('http-digest-hex', at, { digest, pair, next: pair + 1 });
  return undefined;
}

function readStatus(word: Word, report: Report): readonly StatusRange[] {
  const match = /^(\d{3})(?:-(\d{3}))?$/.exec(word.text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (from >= 100 && to <= 599 && from <= to) return [{ from, to }];
  report('http-status-code-invalid', word.at, { word: word.text });
  return [];
}

function readStatuses(block: Values, report: Report): readonly StatusRange[] {
  const read = allOf(block, 'status_code').flatMap((entry) => (entry.value as readonly Word[]).flatMap((word) => readStatus(word, report)));
  const seen = new Set<string>();
  const ranges = read.filter(({ from, to }) => !seen.has(`${from}-${to}`) && seen.add(`${from}-${to}`));
  return ranges.length === 0 ? [{ from: 200, to: 299 }] : ranges;
}

/** keepalived reads the number by strtoul: only its leading digits count. */
const leadingNumber = (block: Values, keyword: string): number | undefined => {
  const digits = /^\d{1,9}/.exec(wordsOf(block, keyword)?.[0]?.text ?? '')?.[0];
  return digits === undefined ? undefined : Number(digits);
};

function readRegex(block: Values): HttpUrl['regex'] {
  const pattern = splitCommand(textOf(block, 'regex') ?? '')?.[0];
  if (pattern === undefined) return undefined;
  const minOffset = leadingNumber(block, 'regex_min_offset') ?? 0;
  const maxOffset = leadingNumber(block, 'regex_max_offset');
  // As in keepalived.
  const ignored = maxOffset !== undefined && minOffset > maxOffset;
  return {
    pattern,
    options: wordsOf(block, 'regex_options')?.map(({ text }) => text) ?? [],
    negate: has(block, 'regex_no_match'),
    minOffset: ignored ? 0 : minOffset,
    ...(maxOffset === undefined || ignored ? {} : { maxOffset }),
  };
}

function readUrl(block: Values, report: Report): readonly HttpUrl[] {
  const path = textOf(block, 'path');
  if (path === undefined) {
    report('http-url-without-path', block.at);
    return [];
  }
  const digest = readDigest(block, report);
  const regex = readRegex(block);
  const virtualHost = textOf(block, 'virtualhost');
  return [
    {
      path,
      statusCodes: readStatuses(block, report),
      tlsCompliant: booleanOf(block, 'tls_compliant') ?? false,
      ...(digest === undefined ? {} : { digest }),
      ...(virtualHost === undefined ? {} : { virtualHost }),
      ...(regex === undefined ? {} : { regex }),
    },
  ];
}

/** `nb_get_retry`, the old name of `retry`. */
export function readOldRetry(block: Values, report: Report): number | undefined {
  let retry: number | undefined;
  for (const { value, at } of allOf(block, 'nb_get_retry')) {
    const text = (value as readonly Word[])[0]?.text ?? '';
    report('http-retry-deprecated', at);
    const read = readWhole(text, { min: 0, max: UNSIGNED_MAX });
    if (read.problem !== undefined) {
      reportProblem(report, at, read.problem);
      report('http-retry-invalid', at, { text });
    }
    retry = read.value ?? retry;
  }
  return retry;
}

/** undefined: certificates are not verified. */
function readVerify(block: Values): CertificateRules | undefined {
  if (booleanOf(block, 'verify') !== true) return undefined;
  const [host, authorities, warningDays] = [
    textOf(block, 'verify_host'),
    textOf(block, 'verify_ca'),
    numberOf(block, 'verify_warning') ?? 0,
  ];
  return {
    ...(host === undefined ? {} : { host }),
    ...(authorities === undefined ? {} : { authorities }),
    ...(warningDays === 0 ? {} : { warningDays }),
  };
}

/** undefined: there is no URL, which was reported. */
export function buildHttpCheck(kind: 'http' | 'ssl', block: Values, at: Origin, report: Report): CheckKind | undefined {
  const urls = blocksOf(block, 'url').flatMap((url) => readUrl(url, report));
  if (urls.length === 0) {
    report('http-without-url', at);
    return undefined;
  }
  const virtualHost = textOf(block, 'virtualhost');
  const sniName = textOf(block, 'sni_name');
  const verify = readVerify(block);
  const protocol = textOf(block, 'http_protocol')?.toUpperCase();
  return {
    kind,
    urls,
    protocol: protocol === '1.1' || protocol === '1.0C' ? protocol : '1.0',
    fastRecovery: booleanOf(block, 'fast_recovery') ?? false,
    sni: (lastOf(block, 'enable_sni')?.value as boolean | undefined) ?? sniName !== undefined,
    tlsCompliant: booleanOf(block, 'tls_compliant') ?? false,
    ...(virtualHost === undefined ? {} : { virtualHost }),
    ...(sniName === undefined ? {} : { sniName }),
    ...(verify === undefined ? {} : { verify }),
  };
}
