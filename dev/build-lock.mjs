// One build at a time: a file that holds the builder's pid. A lock whose holder is dead is taken over.

import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

const holder = (path) => {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
};

/** Takes the lock, waiting up to five minutes for a running holder; returns a function that releases it. */
export const takeLock = async (path) => {
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, `${process.pid}`);
  try {
    for (let waited = 0; ; waited += 100) {
      try {
        linkSync(mine, path);
        break;
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
      const pid = holder(path);
      if (pid !== undefined && !alive(pid)) rmSync(path, { force: true });
      else if (waited >= 300_000) throw new Error(`build: another build (pid ${pid}) has held ${path} for five minutes`);
      else await wait(100);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  return () => rmSync(path, { force: true });
};
