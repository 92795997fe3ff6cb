// What is there for the VIPs of a document: the addresses of this host, those that weir has added, and those that VRRP manages.
import type { VipFacts } from '../control/vip/plan-vips.js';
import { observeVips } from '../host/vip/observed-host.js';
import { vrrpVips } from '../host/vrrp-vips.js';
import type { Address } from '../model/address.js';
import { formatAddress, parseAddress } from '../model/address-text.js';
import { type Failure, failure } from '../model/errors/weir-error.js';
import { addressId } from '../model/identity.js';
import type { WeirFile } from '../model/weir-file.js';
import { observeTable } from './table-facts.js';

/** What is there for a whole weir.yaml. Locks, loads and changes nothing. @throws WeirError, SystemError */
export function observeFile({ vips }: Pick<WeirFile, 'vips'>) {
  const facts = observeTable();
  return vips === undefined ? facts : { ...facts, vips: vipFacts(vips.map(({ address }) => address)) };
}

/** Locks and changes nothing. @throws WeirError state-file-damaged; SystemError */
function vipFacts(stated: readonly Address[]): VipFacts {
  const { host, saved } = observeVips();
  const wanted = [...stated, ...saved.flatMap(({ address }) => parseAddress(address) ?? [])];
  const texts = new Map(wanted.map((address) => [addressId(address), formatAddress(address)]));
  const managed = [...vrrpVips(wanted)].map(([id, found]): readonly [string, Failure] => {
    const address = texts.get(id) ?? id;
    return [
      id,
      found.kind === 'managed'
        ? failure('document-vip-of-vrrp', { ...found, address })
        : failure('document-vip-unknown', { ...found, address }),
    ];
  });
  return { host, saved, managed: new Map(managed) };
}
