// weir's own stream on this host: what its process does, what a daemon's configuration has of it, and rules that drop what peers send to it.
import { runningDaemons } from '../../host/running-daemon.js';
import { readStreamStatus } from '../../host/sync/stream-file.js';
import { readStreamKey } from '../../host/sync/stream-key.js';
import { parseEndpoint } from '../../model/endpoint-text.js';
import { failureText, isWeirError } from '../../model/errors/weir-error.js';
import { type ConfiguredStream, STREAM_PORT, type StreamStatus } from '../../model/stream-node.js';
import type { HostFacts } from '../facts.js';
import { interfaceNameOf, subnetsWith } from '../network.js';
import { blockingRule } from '../packet-filter/blocking.js';
import type { Chain } from '../packet-filter/model.js';
import type { StreamBlock, StreamFact } from '../stream-facts.js';

function keyFailure({ key }: ConfiguredStream): string | undefined {
  try {
    readStreamKey(key);
    return undefined;
  } catch (error) {
    if (!isWeirError(error, 'sync-key')) throw error;
    return failureText(error);
  }
}

/** Peers in a network of this host, as the status has them: by a router, the address that answers is not known here. */
function blocksOf(host: HostFacts, chains: readonly Chain[], { peers }: StreamStatus, port: number): readonly StreamBlock[] {
  return peers.flatMap(({ address: peer }): readonly StreamBlock[] => {
    const source = parseEndpoint(peer)?.address;
    const [own] = source === undefined ? [] : subnetsWith(host, source);
    if (source === undefined || own === undefined) return [];
    const interfaceName = interfaceNameOf(host, own.ifindex);
    const by = blockingRule(chains, {
      direction: 'in',
      interfaceName,
      source,
      destination: own.address,
      protocol: 'tcp',
      destinationPort: port,
    });
    return by === undefined ? [] : [{ peer, address: own.address, port, by }];
  });
}

/** undefined: there is none. @throws SystemError */
export function collectStream(host: HostFacts, chains: readonly Chain[]): StreamFact | undefined {
  const status = readStreamStatus();
  const daemons = runningDaemons();
  const [configured] = daemons.flatMap(({ configuration }) => configuration.global.lvsSyncStream ?? []);
  if (status === undefined && configured === undefined) return undefined;
  const failure = configured && keyFailure(configured);
  return {
    ...(status === undefined ? {} : { status }),
    ...(configured === undefined ? {} : { configured }),
    ...(failure === undefined ? {} : { keyFailure: failure }),
    blocks: status === undefined ? [] : blocksOf(host, chains, status, configured?.listen.port ?? STREAM_PORT),
  };
}
