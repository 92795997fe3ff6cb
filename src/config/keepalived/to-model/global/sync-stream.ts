// lvs_sync_stream of global_defs: weir's own stream to other nodes.
import { parseAddress } from '../../../../model/address-text.js';
import { sameAddress } from '../../../../model/identity.js';
import { anywhereFor, type ConfiguredStream, isPin, STREAM_PORT, type StreamPeer } from '../../../../model/stream-node.js';
import type { Report } from '../../diagnostics/report.js';
import type { Value, Values, Word } from '../../keyword.js';
import { readWhole } from '../../values/number.js';
import { allOf, blocksOf, lastOf, numberOf, textOf } from '../../values/values.js';

/** ADDRESS, then options, each with its value; undefined: something is wrong, and reported. */
function readNode(keyword: string, value: Value, report: Report): StreamPeer | undefined {
  const [first, ...rest] = value.value as readonly Word[];
  if (first === undefined) return undefined;
  const invalid = (what: string, word: Word): undefined => {
    report('sync-stream-word-invalid', word.at, { keyword: what, word: word.text });
    return undefined;
  };
  const address = parseAddress(first.text);
  if (address === undefined) return invalid(`address of ${keyword}`, first);
  let node: StreamPeer = { address, port: STREAM_PORT };
  for (let at = 0; at < rest.length; at += 2) {
    const [option, word] = [rest[at]!, rest[at + 1]];
    if (option.text === 'port') {
      const port = readWhole(word?.text ?? '', { min: 1, max: 65_535 }).value;
      if (port === undefined) return invalid('port', word ?? option);
      node = { ...node, port };
    } else if (option.text === 'pin' && keyword === 'peer') {
      if (word === undefined || !isPin(word.text)) return invalid('pin', word ?? option);
      node = { ...node, pin: word.text };
    } else return invalid(`option of ${keyword}`, option);
  }
  return node;
}

function peersOf(block: Values, report: Report): readonly StreamPeer[] {
  const peers: StreamPeer[] = [];
  for (const value of allOf(block, 'peer')) {
    const peer = readNode('peer', value, report);
    const isAgain = peer !== undefined && peers.some(({ address }) => sameAddress(address, peer.address));
    if (isAgain)
      report('sync-stream-word-invalid', value.at, {
        keyword: 'second peer with the address',
        word: (value.value as readonly Word[])[0]!.text,
      });
    else if (peer !== undefined) peers.push(peer);
  }
  return peers;
}

/** Nothing without a key and a peer; of several blocks the last one counts. */
export function buildSyncStream(global: Values, report: Report): ConfiguredStream | undefined {
  const block = blocksOf(global, 'lvs_sync_stream').at(-1);
  if (block === undefined) return undefined;
  const key = textOf(block, 'key');
  const peers = peersOf(block, report);
  const [first] = peers;
  const line = lastOf(block, 'listen');
  const listen = line === undefined ? undefined : readNode('listen', line, report);
  if (key === undefined || first === undefined || (line !== undefined && listen === undefined)) {
    report('sync-stream-incomplete', block.at, {
      keyword: key === undefined ? 'key' : first === undefined ? 'peer' : 'address to listen on',
    });
    return undefined;
  }
  const holdMs = numberOf(block, 'hold');
  return { key, listen: listen ?? anywhereFor(first), peers, ...(holdMs !== undefined && { holdMs }) };
}
