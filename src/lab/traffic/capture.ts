// Captures packets at the switches' ports with one tcpdump. A capture on a director would not see packets that XDP redirects.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WeirError } from '../../model/errors/weir-error.js';
import { runChild, type Service, startChild } from '../../sys/processes/child.js';
import type { HostInterface } from '../definition/names.js';
import { labEnvironment } from '../state/paths.js';
import type { RunState } from '../state/run-state.js';
import { readPcap } from './pcap.js';
import { atPorts, type PortPacket } from './traffic.js';

export interface Capture {
  /** All packets so far. @throws Error when packets were lost */
  packets(): Promise<readonly PortPacket[]>;
  stop(): Promise<void>;
}

async function until(service: Service, what: string, holds: () => boolean, poke: () => void = () => {}): Promise<void> {
  const end = Date.now() + 10_000;
  while (!holds()) {
    if (!service.running() || Date.now() > end) {
      const end = service.running() ? `did not ${what}` : 'ended';
      throw new WeirError('capture-failed', { why: `${end}: ${service.stderr().trim()}` });
    }
    poke();
    await delay(20);
  }
}

/** tcpdump's counts, which it prints on SIGUSR1: packets written, received from the kernel, and lost. */
function counts(stderr: string): readonly { readonly captured: number; readonly received: number; readonly dropped: number }[] {
  return [...stderr.matchAll(/(\d+) packets? captured, (\d+) packets? received by filter, (\d+) packets? dropped by kernel/g)].map(
    ([, captured, received, dropped]) => ({ captured: Number(captured), received: Number(received), dropped: Number(dropped) }),
  );
}

/** Waits until every packet that the kernel has received is in the file. */
async function settle(service: Service): Promise<void> {
  const before = counts(service.stderr()).length;
  await until(
    service,
    'write the packets that it has received',
    () => {
      const answer = counts(service.stderr()).slice(before).at(-1);
      return answer !== undefined && answer.captured >= answer.received;
    },
    () => service.signal('SIGUSR1'),
  );
  const dropped = counts(service.stderr()).at(-1)?.dropped ?? 0;
  if (dropped > 0) throw new WeirError('capture-failed', { why: `lost ${dropped} packets: its counts prove nothing` });
}

async function portNames(namespace: string): Promise<ReadonlyMap<number, string>> {
  const { stdout } = await runChild(['ip', '-n', namespace, '-j', 'link', 'show']);
  return new Map(
    (JSON.parse(stdout) as { readonly ifindex: number; readonly ifname: string }[]).map(({ ifindex, ifname }) => [ifindex, ifname]),
  );
}

/**
 * Starts capturing on all ports of the run's switches; resolves when tcpdump listens. Where AppArmor confines tcpdump, it may
 * write only files named `.pcap`, so its messages come through a pipe.
 */
export async function startCapture(state: RunState, interfaces: readonly HostInterface[]): Promise<Capture> {
  const file = join(state.folder, 'switch.pcap');
  const service = await startChild(
    [
      'ip',
      'netns',
      'exec',
      state.switches,
      'tcpdump',
      '-i',
      'any',
      '-y',
      'LINUX_SLL2',
      '-n',
      '-U',
      '--immediate-mode',
      '-s',
      '192',
      '-B',
      '16384',
      '-w',
      '-',
    ],
    { env: labEnvironment(state.folder), stdoutPath: file },
  );
  await until(service, 'listen', () => service.stderr().includes('listening on'));
  const ports = await portNames(state.switches);
  return {
    packets: async () => {
      await settle(service);
      return atPorts(readPcap(readFileSync(file)), ports, interfaces);
    },
    stop: async () => {
      await service.stop();
    },
  };
}
