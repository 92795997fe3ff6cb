// Services and VIPs of a weir.yaml that weir apply puts on a host, and that are not there while a daemon runs with the file.
import { someOf } from '../../../model/counted.js';
import type { Finding } from '../../../model/finding.js';
import { shellWord } from '../../../model/shell-word.js';
import type { DirectorFacts } from '../../facts.js';

const NAMED_MAX = 8;

export const notAppliedRule = ({ notApplied = [] }: Pick<DirectorFacts, 'notApplied'>): readonly Finding[] =>
  notApplied.map(({ path, missing }) => ({
    severity: 'warning',
    code: 'file-not-applied',
    what: `of ${path}, with which a daemon runs, is not on this host: ${someOf(missing, NAMED_MAX)}`,
    cause: 'the daemon serves the services that the file has checks for; weir apply makes the others and the VIPs',
    fix: `weir apply ${shellWord(path)}`,
  }));
