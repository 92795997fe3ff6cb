// Services and VIPs of a weir.yaml that weir apply puts on a host, and that are not there while a daemon runs with the file. The absent VIP of a
// service is vip-absent's, with the same command.
import { missingWords, type NotApplied } from '../../../control/plan/not-applied.js';
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { someOf } from '../../../model/counted.js';
import type { Finding } from '../../../model/finding.js';
import { addressId, sameAddress } from '../../../model/identity.js';
import { shellWord } from '../../../model/shell-word.js';
import type { DirectorFacts } from '../../facts.js';
import { vipsOf } from '../../network.js';

const NAMED_MAX = 8;

type Files = Pick<DirectorFacts, 'notApplied'>;

const fileWith = ({ notApplied = [] }: Files, vip: Address): NotApplied | undefined =>
  notApplied.find(({ vips }) => vips.some(({ address }) => sameAddress(address, vip)));

/** Has the weir.yaml with which a daemon runs this VIP, which is not on the host? */
export const isInFile = (facts: Files, vip: Address): boolean => fileWith(facts, vip) !== undefined;

/** The command that adds an absent VIP. */
export function addVipCommand(facts: Files, vip: Address, interfaceName: string): string {
  const file = fileWith(facts, vip);
  return file === undefined ? `weir vip add ${formatAddress(vip)} --dev ${shellWord(interfaceName)}` : `weir apply ${shellWord(file.path)}`;
}

export function notAppliedRule({ notApplied = [], services }: Pick<DirectorFacts, 'notApplied' | 'services'>): readonly Finding[] {
  const served = new Set(vipsOf(services, ['inet', 'inet6']).map(addressId));
  return notApplied.flatMap((file): readonly Finding[] => {
    const missing = missingWords({ services: file.services, vips: file.vips.filter(({ address }) => !served.has(addressId(address))) });
    if (missing.length === 0) return [];
    return [
      {
        severity: 'warning',
        code: 'file-not-applied',
        what: `of ${file.path}, with which a daemon runs, is not on this host: ${someOf(missing, NAMED_MAX)}`,
        cause: 'the daemon serves the services that the file has checks for; weir apply makes the others and the VIPs',
        fix: `weir apply ${shellWord(file.path)}`,
      },
    ];
  });
}
