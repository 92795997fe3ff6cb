// Waits for what other code or another process does, in short looks: a busy machine takes longer, an idle one loses no time.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

const PATIENCE_MS = 120_000;
const LOOK_MS = 5;

/** Resolves when it is so; after two minutes the test fails with `what`. */
export async function until(isSo: () => boolean, what = String(isSo)): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; !isSo(); await delay(LOOK_MS)) assert.ok(performance.now() < end, `never: ${what}`);
}
