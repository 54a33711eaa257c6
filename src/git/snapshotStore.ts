import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Git } from './git.ts';

/** The names of everything that our bare repositories hold. */
const PACK = /^pack-[0-9a-f]+\.(pack|idx|rev)$/;

/** The author of our own commits, which must not carry the user's name. */
export const AUTHOR = {
  GIT_AUTHOR_NAME: 'Loop Supervisor',
  GIT_AUTHOR_EMAIL: 'loops@localhost',
  GIT_COMMITTER_NAME: 'Loop Supervisor',
  GIT_COMMITTER_EMAIL: 'loops@localhost',
} as const;

/** The name of a folder has at most 255 bytes, and ours have more than the name of the repository. */
const LONGEST_NAME = 100;

/** Names what we keep of a repository, after its folder. */
export function keyOf(commonFolder: string): string {
  const key = createHash('sha256').update(commonFolder).digest('hex').slice(0, 16);
  const name = basename(join(commonFolder, '..')).replace(/[^\w-]+/g, '-');
  return `${name.slice(0, LONGEST_NAME)}-${key}`;
}

/** Our bare repository beside one of the user's: it holds the snapshots and borrows the user's objects (R12.3). */
export class SnapshotStore {
  readonly folder: string;
  /** The user's Git folder. */
  readonly commonFolder: string;
  readonly #git: Git;
  #opening: Promise<void> | undefined;
  /** The snapshot that was taken last. */
  #last: { readonly tree: string; readonly commit: string } | undefined;
  /** The commit of the user's whose tree was asked for last. */
  #head: { readonly commit: string; readonly tree: string } | undefined;

  constructor(git: Git, storage: string, commonFolder: string) {
    this.#git = git;
    this.commonFolder = commonFolder;
    this.folder = join(storage, 'snapshots', `${keyOf(commonFolder)}.git`);
  }

  /** Environment for calls that write objects here, while files and refs are the user's. */
  get writing(): Record<string, string> {
    return {
      GIT_OBJECT_DIRECTORY: join(this.folder, 'objects'),
      GIT_ALTERNATE_OBJECT_DIRECTORIES: join(this.commonFolder, 'objects'),
    };
  }

  /** Environment for calls on this repository alone. */
  get own(): Record<string, string> {
    return { GIT_DIR: this.folder };
  }

  /** Makes the repository, if it is not there yet. A half-made one is made again: `config` is written last. */
  async open(): Promise<void> {
    if (existsSync(join(this.folder, 'config'))) return;
    // Loops that start together ask for it together.
    this.#opening ??= this.#make().finally(() => {
      this.#opening = undefined;
    });
    await this.#opening;
  }

  async #make(): Promise<void> {
    const making = `${this.folder}.${process.pid}.new`;
    await rm(making, { recursive: true, force: true });
    await mkdir(making, { recursive: true, mode: 0o700 });
    const format = await this.#git.try(
      ['config', '--file', join(this.commonFolder, 'config'), 'extensions.objectformat'],
      {
        cwd: this.commonFolder,
      },
    );
    const hash = format.stdout.trim() || 'sha1';
    await this.#git.run(['init', '--bare', '--quiet', '--template=', `--object-format=${hash}`, making], {
      cwd: this.commonFolder,
    });
    await mkdir(join(making, 'objects', 'info'), { recursive: true });
    await writeFile(join(making, 'objects', 'info', 'alternates'), `${join(this.commonFolder, 'objects')}\n`);
    await rename(making, this.folder).catch(async (error: NodeJS.ErrnoException) => {
      // Another host got there first.
      await rm(making, { recursive: true, force: true });
      if (!existsSync(join(this.folder, 'config'))) throw error;
    });
  }

  /**
   * Keeps what a tree borrows from the user's repository, so that a `git gc` there takes nothing away: packs as hard
   * links where the file system allows, and loose objects in a pack of our own. Where that fails (a partial clone) the
   * snapshot lasts as long as the user's objects do.
   */
  async #keep(tree: string): Promise<void> {
    const to = join(this.folder, 'objects', 'pack');
    await mkdir(to, { recursive: true });
    const from = join(this.commonFolder, 'objects', 'pack');
    const packs = (await readdir(from).catch(() => [])).filter((name) => PACK.test(name));
    // The index goes last: Git finds a pack by it.
    for (const name of packs.sort((a, b) => Number(a.endsWith('.idx')) - Number(b.endsWith('.idx')))) {
      if (!existsSync(join(to, name))) await linkOrCopy(join(from, name), join(to, name));
    }
    const where = { cwd: this.folder, env: this.own };
    const loose = await this.#git.try(['rev-list', '--objects', '--unpacked', '--no-object-names', tree], where);
    if (loose.code !== 0 || loose.stdout === '') return;
    await this.#git.try(['pack-objects', '--quiet', join(to, 'pack')], {
      ...where,
      stdin: loose.stdout,
    });
  }

  /**
   * Keeps a tree as the snapshot `<loop>/<n>`, and returns its commit. The tree of the snapshot before costs nothing.
   */
  async commit(tree: string, name: string): Promise<string> {
    const where = { cwd: this.folder, env: { ...this.own, ...AUTHOR } };
    if (!this.#last || this.#last.tree !== tree || !(await this.#has(this.#last.commit))) {
      const commit = await this.#git.run(['commit-tree', tree, '-m', 'Snapshot'], where);
      await this.#keep(tree);
      this.#last = { tree, commit };
    }
    const { commit } = this.#last;
    // What `git update-ref` does, without a process: nobody else writes refs here.
    const ref = join(this.folder, 'refs', 'loops', ...name.split('/'));
    await mkdir(dirname(ref), { recursive: true });
    await writeFile(`${ref}.new`, `${commit}\n`);
    await rename(`${ref}.new`, ref);
    return commit;
  }

  /** The tree of one of the user's commits. */
  async treeOf(commit: string): Promise<string> {
    if (this.#head?.commit !== commit) {
      const where = { cwd: this.folder, env: this.own };
      this.#head = { commit, tree: await this.#git.run(['rev-parse', '--verify', `${commit}^{tree}`], where) };
    }
    return this.#head.tree;
  }

  /** Another host may have removed it with the last loop that had it. Our commits are never packed. */
  #has(commit: string): Promise<boolean> {
    return exists(join(this.folder, 'objects', commit.slice(0, 2), commit.slice(2)));
  }

  /** Removes the snapshots of loops, and the repository with the last of them. */
  async forget(loops: readonly string[]): Promise<void> {
    this.#last = undefined;
    if (!existsSync(join(this.folder, 'config'))) return;
    const cwd = this.folder;
    const refs = await this.refs();
    const gone = refs.filter((ref) => loops.includes(ref.split('/')[2] ?? ''));
    const orders = gone.map((ref) => `delete ${ref}\n`).join('');
    if (orders) await this.#git.run(['update-ref', '--stdin'], { cwd, env: this.own, stdin: orders });
    if (gone.length === refs.length) await this.#remove();
    else if (gone.length > 0) await this.#git.try(['prune', '--expire=now'], { cwd, env: this.own });
  }

  /** Removes the repository, and whatever hosts that died while creating it have left. */
  async #remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
    const name = basename(this.folder);
    for (const other of await readdir(dirname(this.folder)).catch(() => []))
      if (other.startsWith(`${name}.`)) await rm(join(dirname(this.folder), other), { recursive: true, force: true });
  }

  /** All our refs: `refs/loops/<loop>/<n>`. */
  async refs(): Promise<string[]> {
    if (!existsSync(join(this.folder, 'config'))) return [];
    const out = await this.#git.run(['for-each-ref', '--format=%(refname)', 'refs/loops/'], {
      cwd: this.folder,
      env: this.own,
    });
    return out === '' ? [] : out.split('\n');
  }
}

/** The Git folders of the user's repositories of which there are snapshots of one of these loops. */
export async function repositoriesWith(storage: string, loops: readonly string[]): Promise<string[]> {
  const folder = join(storage, 'snapshots');
  const found: string[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const ours = join(folder, name);
    if (!loops.some((loop) => existsSync(join(ours, 'refs', 'loops', loop)))) continue;
    const alternates = await readFile(join(ours, 'objects', 'info', 'alternates'), 'utf8').catch(() => '');
    const objects = alternates.split('\n')[0];
    if (objects) found.push(dirname(objects));
  }
  return found;
}

/** Names of groups of snapshots that begin with `prefix` and were made before the wall time `before` (ms). */
export async function groupsBefore(storage: string, prefix: string, before: number): Promise<string[]> {
  const folder = join(storage, 'snapshots');
  const found: string[] = [];
  for (const repository of await readdir(folder).catch(() => [])) {
    const refs = join(folder, repository, 'refs', 'loops');
    for (const name of await readdir(refs).catch(() => [])) {
      if (name.startsWith(prefix) && (await stat(join(refs, name))).mtimeMs < before) found.push(name);
    }
  }
  return found;
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || (code === 'ENOENT' && !(await exists(from)))) return;
    await copyFile(from, `${to}.tmp`);
    await rename(`${to}.tmp`, to);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
