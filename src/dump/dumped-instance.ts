// What keepalived.data shows of an instance's configuration, for those who do not read the dump: `weir metrics`. Pure.
import type { KeepalivedConfiguration } from '../model/keepalived/configuration.js';
import type { DumpedInstance } from '../model/keepalived/dumped-instance.js';
import type { HostAddress } from '../model/keepalived/network.js';
import { addressText } from './host-text.js';
import { interfaceText } from './instance.js';
import { deviceOf } from './live.js';

const US_PER_S = 1_000_000;

export function dumpedInstances(configuration: KeepalivedConfiguration): readonly DumpedInstance[] {
  const machine = { configuration };
  return configuration.instances.map((config) => {
    const lines = (addresses: readonly HostAddress[]): readonly string[] =>
      addresses.map((address) => addressText(address, deviceOf({ config }, address, machine)));
    return {
      name: config.name,
      interface: interfaceText({ config }, machine),
      addresses: lines(config.addresses),
      excluded: lines(config.excludedAddresses),
      garpDelay: Math.floor(config.garp.masterDelayUs / US_PER_S),
    };
  });
}
