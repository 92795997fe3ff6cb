// The collection in a folder of its own, where Ansible finds it by its name and no package.json makes modules of its files.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../support/project.js';

type Work<T> = (folder: string, environment: NodeJS.ProcessEnv) => T;

function prepared<T>(home: string, work: Work<T>): T {
  const folder = join(home, 'ansible_collections/weir/director');
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, 'ansible'), folder, { recursive: true });
  const { PATH } = process.env;
  return work(folder, { PATH, HOME: home, LANG: 'C.UTF-8', ANSIBLE_COLLECTIONS_PATH: home, ANSIBLE_COLLECTIONS_PATHS: home });
}

const newHome = (): string => mkdtempSync(join(tmpdir(), 'weir-ansible-'));

export function withCollection<T>(work: Work<T>): T {
  const home = newHome();
  try {
    return prepared(home, work);
  } finally {
    rmSync(home, { recursive: true });
  }
}

/** The folder that `work` gets is the one that Ansible has as its home. */
export async function withCollectionAsync<T>(work: Work<Promise<T>>): Promise<T> {
  const home = newHome();
  try {
    return await prepared(home, (_folder, environment) => work(home, environment));
  } finally {
    rmSync(home, { recursive: true });
  }
}
