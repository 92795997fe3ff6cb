// keepalived(8), genhash(1) and keepalived.conf(5), from what -h prints and the tables of keywords that the reader has.
import type { Keyword } from '../../config/keepalived/keyword.js';
import { argumentWords, keywordSections } from '../../config/keepalived/keyword-sections.js';
import { usage as genhashUsage } from '../genhash/run.js';
import { helpText } from '../keepalived/help.js';
import { described, list, type ManualPage, page, prose, seeAlso, synopsis } from './page.js';
import { roffProse, roffText, type Section, sentence } from './roff.js';
import { readOptionRows } from './usage-text.js';

const CONFIGURATION = '/etc/keepalived/keepalived.conf';

const keepalived = (): ManualPage =>
  page({ name: 'keepalived', section: 8, meaning: 'load balancing and high-availability service (weir)' }, [
    synopsis(['keepalived [OPTION...]']),
    prose(
      'DESCRIPTION',
      'Runs VRRP, BFD and the health checks of virtual servers, by the configuration and with the options, logs and exit statuses of keepalived. The virtual servers are those of `ipvsadm`: weir’s, which need no ip_vs module.',
    ),
    described('OPTIONS', [...readOptionRows(helpText('keepalived')).values()].flat()),
    list('SIGNALS', [
      ['HUP', 'the configuration is read again; `weir reload` also waits for what comes of it.'],
      ['TERM', 'it stops: addresses and virtual servers are removed, and the peers receive priority 0.'],
      ['USR1', 'it writes /tmp/keepalived.data.'],
      ['USR2', 'it writes /tmp/keepalived.stats.'],
    ]),
    list('FILES', [
      [CONFIGURATION, 'the configuration.'],
      ['/etc/default/keepalived', 'options of keepalived.service.'],
    ]),
    seeAlso('keepalived.conf(5)', 'genhash(1)', 'ipvsadm(8)', 'weir-config(8)', 'weir-plan(8)', 'weir-reload(8)'),
  ]);

const genhash = (): ManualPage =>
  page({ name: 'genhash', section: 1, meaning: 'print the MD5 of a page for a digest of keepalived.conf (weir)' }, [
    synopsis(['genhash [-S] -s ADDRESS -p PORT -u URL [OPTION...]']),
    prose('DESCRIPTION', 'Gets a page and prints its MD5, for the `digest` of HTTP_GET and SSL_GET.'),
    described('OPTIONS', [...readOptionRows(genhashUsage('genhash')).values()].flat()),
    seeAlso('keepalived.conf(5)'),
  ]);

const plain = (markdown: string): string => markdown.replace(/\[([^\]]+)\]\([^)]*\)/g, '$1').replaceAll('**', '');

function keywordLines({
  name,
  aliases = [],
  argument,
  default: standard = '',
  meaning,
  acted,
  because,
  since,
}: Keyword): readonly string[] {
  const term = [name, ...aliases].map((one) => `\\fB${roffText(one)}\\fR`).join(', ');
  const words = argument.kind === 'flag' ? '' : ` \\fI${roffText(argumentWords(argument))}\\fR`;
  const notes = [
    ...(standard === '' ? [] : [`Default: ${standard}.`]),
    ...(since === undefined ? [] : [`keepalived ${since}.`]),
    ...(acted === 'accepted' ? [`Accepted, without effect in weir${because === undefined ? '' : `: ${because}`}.`] : []),
  ];
  return ['.TP', `${term}${words}`, roffProse(plain([sentence(meaning), ...notes].join(' ')))];
}

function configuration(): ManualPage {
  const sections = keywordSections().map(
    ({ title, table }): Section => ({
      title: title === '' ? 'OUTSIDE BLOCKS' : `"${roffText(title)}"`,
      lines: table.flatMap(keywordLines),
    }),
  );
  return page({ name: 'keepalived.conf', section: 5, meaning: 'configuration of keepalived (weir)' }, [
    prose(
      'DESCRIPTION',
      'Every keyword that is read, block by block. Times are in seconds with up to six decimals, unless ms is stated. A default that names a keyword means the value of that keyword in `global_defs`.',
      '`keepalived -t` tests a file, `weir config lint` finds faults in one or in those of a pair, and `weir config explain` prints what is in effect.',
    ),
    ...sections,
    list('FILES', [[CONFIGURATION, 'the configuration.']]),
    seeAlso('keepalived(8)', 'weir-config(8)', 'ipvsadm(8)'),
  ]);
}

export const keepalivedPages = (): readonly ManualPage[] => [keepalived(), genhash(), configuration()];
