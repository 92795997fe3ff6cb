// ipvsadm(8), ipvsadm-save(8) and ipvsadm-restore(8), from what -h prints and the table of schedulers.
import { schedulers } from '../../model/schedulers.js';
import { helpText } from '../ipvsadm/help.js';
import { described, list, type ManualPage, page, prose, seeAlso, synopsis } from './page.js';
import { readOptionRows } from './usage-text.js';

/** What -h of ipvsadm 1.31 does not have. */
const OWN_OPTIONS = [
  {
    kind: 'item',
    term: '--atomic',
    text: 'with -R: all of the lines or, where one is wrong, none of them; connections to what stays go on',
  },
  {
    kind: 'item',
    term: '--fullnat',
    text: 'with -a and -e: FULLNAT: the server sees a local address of the director in the place of its client',
  },
  {
    kind: 'item',
    term: '--local-address address[,address...]',
    text: 'with --fullnat: the local addresses, up to eight, each of the director',
  },
  {
    kind: 'item',
    term: '--client-address toa|proxy',
    text: 'with --fullnat, for TCP: the server gets the address of its client by a TCP option (TOA) or by a header of the PROXY protocol, version 2',
  },
  {
    kind: 'item',
    term: '--sync-peers address[,address...]',
    text: 'with --start-daemon: messages of synchronisation are taken from these addresses alone, 16 at most, and others are counted; without it from any, as the kernel takes them',
  },
  {
    kind: 'item',
    term: '--json',
    text: 'with -L: the table, the connections (-c), the timeouts or the daemons as JSON, by numbers',
  },
] as const;

const SAVED: readonly [string, string] = ['/etc/ipvsadm.rules', 'the table that ipvsadm.service restores at boot'];
const FILES: readonly (readonly [string, string])[] = [
  SAVED,
  ['/etc/sysconfig/ipvsadm', 'the same, where the former is missing'],
  ['/etc/default/ipvsadm', 'settings of ipvsadm.service, as Debian has them'],
  ['/etc/sysconfig/ipvsadm-config', 'settings of ipvsadm.service, as Red Hat has them'],
];

function ipvsadm(): ManualPage {
  const forms = helpText.split('\n').flatMap((line) => /^ {2}(ipvsadm .*)$/.exec(line)?.[1] ?? []);
  const rows = readOptionRows(helpText);
  return page({ name: 'ipvsadm', section: 8, meaning: 'Linux Virtual Server administration (weir)' }, [
    synopsis(forms),
    prose(
      'DESCRIPTION',
      'Sets up, maintains and inspects the table of virtual servers of this network namespace, which weir keeps in the kernel: it needs no ip_vs module. Its options, messages and listings are those of ipvsadm 1.31.',
      'The first command loads the datapath; `weir unload` removes it. A host has either this ipvsadm or that of the kernel’s IPVS.',
    ),
    described('COMMANDS', rows.get('Commands') ?? []),
    described('VIRTUAL SERVICES', rows.get('virtual-service') ?? []),
    described('OPTIONS', [...(rows.get('Options') ?? []), ...OWN_OPTIONS]),
    described('SYNCHRONISATION DAEMON', rows.get('Daemon Options') ?? []),
    list(
      'SCHEDULERS',
      schedulers.map(({ name, meaning }) => [name, `${meaning}.`]),
    ),
    list('FILES', FILES),
    seeAlso('ipvsadm-save(8)', 'ipvsadm-restore(8)', 'weir(8)', 'weir-explain(8)', 'weir-sysctl(8)', 'keepalived(8)'),
  ]);
}

const save = (): ManualPage =>
  page({ name: 'ipvsadm-save', section: 8, meaning: 'print the table of virtual servers as commands (weir)' }, [
    synopsis(['ipvsadm-save [-n]']),
    prose(
      'DESCRIPTION',
      'Prints the table as lines that `ipvsadm-restore` reads. A change of another process is waited for, 30 seconds at most, so that half a change is never saved.',
    ),
    described('OPTIONS', [
      { kind: 'item', term: '-n', text: 'addresses and ports as numbers; saves that are restored at boot should have them' },
    ]),
    list('FILES', [SAVED]),
    seeAlso('ipvsadm(8)', 'ipvsadm-restore(8)'),
  ]);

const restore = (): ManualPage =>
  page({ name: 'ipvsadm-restore', section: 8, meaning: 'put a saved table in place of the present one (weir)' }, [
    synopsis(['ipvsadm-restore']),
    prose(
      'DESCRIPTION',
      'Reads the table from standard input and puts it in place of the present one: all of it or, where a line is wrong, nothing. Only what differs is changed; connections to what is in both go on.',
      'Input without a single command changes nothing: `ipvsadm -C` empties a table.',
    ),
    list('FILES', [SAVED]),
    seeAlso('ipvsadm(8)', 'ipvsadm-save(8)'),
  ]);

export const ipvsadmPages = (): readonly ManualPage[] => [ipvsadm(), save(), restore()];
