// Runs a case beside one daemon.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endpointOf, type Place } from './servers.js';
import { Side } from './side.js';
import type { Tools } from './tools.js';
import type { CheckCase, Step } from './types.js';
import type { World, Worlds } from './world.js';

/** What of a side is used up: a step waits for what comes after it. */
interface Progress {
  line: number;
  attempts: Map<string, number>;
}

const MAIL_SENT = 'SMTP alert successfully sent.';

const watched = (place: string): string => {
  if (place.includes('.')) return place;
  const { address, port, protocol } = endpointOf(place as Place);
  return `${address}:${port}${protocol === 'udp' ? '/udp' : ''}`;
};

async function wait(side: Side, step: Step, progress: Progress): Promise<void> {
  const { until, times = 1, attempts, noted } = step;
  if (until !== undefined) {
    const found = await side.daemon.until(`${side.checked.name}: “${until}”`, () => {
      const matches = side.lines.flatMap((line, index) => (index >= progress.line && line.includes(until) ? [index + 1] : []));
      return matches[times - 1];
    });
    progress.line = found;
  }
  if (attempts !== undefined) {
    const place = watched(attempts[0]);
    const wanted = (progress.attempts.get(place) ?? 0) + attempts[1];
    await side.daemon.until(`${side.checked.name}: ${attempts[1]} attempts at ${place}`, () => side.count('attempt', place) >= wanted);
  }
  if (noted !== undefined) {
    const [text, count] = noted;
    const found = () => [...side.notes, ...side.fifo].filter((note) => note.includes(text)).length + side.count('mail', text);
    await side.daemon.until(`${side.checked.name}: ${count} notes “${text}”`, () => found() >= count);
    // The relay has a mail before the daemon has its answer: a stop in between would lose the daemon's line. keepalived sends mails side by side.
    const sent = () => side.lines.filter((line) => line.includes(MAIL_SENT)).length;
    await side.daemon.until(`${side.checked.name}: “${MAIL_SENT}” of each mail`, () => sent() >= side.count('mail', ''));
  }
  for (const { kind, ...rest } of side.happened) {
    if (kind === 'attempt' && 'text' in rest) progress.attempts.set(rest.text, side.count('attempt', rest.text));
  }
}

async function act(side: Side, { serve, files, reload, ip, sysctl, neighbour }: Step): Promise<void> {
  if (serve !== undefined) await side.serve(serve);
  if (files !== undefined) side.write(files);
  if (ip !== undefined) await side.world.run('ip', ...ip.split(' '));
  if (neighbour !== undefined) await side.neighbour.does(neighbour);
  if (sysctl !== undefined) await side.world.run('sysctl', '-qw', sysctl);
  if (reload !== undefined) side.reload(reload);
}

async function play(world: World, checked: CheckCase, folder: string, tools: Tools): Promise<Side> {
  const side = new Side(world, checked, folder, tools);
  try {
    if (checked.serve !== undefined) await side.serve(checked.serve);
    if (checked.neighbour !== undefined) await side.neighbour.does(checked.neighbour);
    side.start();
    const progress: Progress = { line: 0, attempts: new Map() };
    for (const step of checked.steps) {
      await wait(side, step, progress);
      await act(side, step);
    }
    await side.stop();
    return side;
  } catch (error) {
    await side.stop();
    throw error;
  } finally {
    await side.close();
  }
}

/** Both daemons at the same time. */
export async function playBoth(
  { weir, debian }: Worlds,
  checked: CheckCase,
  tools: Tools,
): Promise<{ readonly weir: Side; readonly debian: Side; readonly close: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-checks-'));
  const close = () => rmSync(folder, { recursive: true, force: true });
  try {
    const [first, second] = await Promise.allSettled([play(weir, checked, folder, tools), play(debian, checked, folder, tools)]);
    if (first.status === 'rejected') throw first.reason;
    if (second.status === 'rejected') throw second.reason;
    return { weir: first.value, debian: second.value, close };
  } catch (error) {
    close();
    throw error;
  }
}
