// The collection in a folder of its own, where Ansible finds it by its name and no package.json makes modules of its files.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../support/project.js';

export function withCollection<T>(work: (folder: string, environment: NodeJS.ProcessEnv) => T): T {
  const home = mkdtempSync(join(tmpdir(), 'weir-ansible-'));
  try {
    const folder = join(home, 'ansible_collections/weir/director');
    mkdirSync(folder, { recursive: true });
    cpSync(join(root, 'ansible'), folder, { recursive: true });
    const { PATH } = process.env;
    return work(folder, { PATH, HOME: home, LANG: 'C.UTF-8', ANSIBLE_COLLECTIONS_PATH: home, ANSIBLE_COLLECTIONS_PATHS: home });
  } finally {
    rmSync(home, { recursive: true });
  }
}
