import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The user's repository, whose work trees loops have while everything around them fails. */
export class ChaosRepository {
  /** Beside the small disk that fills up: what Git itself does on a full disk is not ours. */
  readonly root = mkdtempSync(join(tmpdir(), 'loop-supervisor-chaos-repository-'));
  readonly #storage: string;

  /** `storage`: where hosts keep work trees and snapshots. */
  constructor(storage: string) {
    this.#storage = storage;
    this.#git('init', '--quiet', '--initial-branch=main');
    for (const [key, value] of [
      ['user.name', 'Ada'],
      ['user.email', 'ada@example.com'],
    ] as const)
      this.#git('config', key, value);
    writeFileSync(join(this.root, 'readme.md'), '# Project\n');
    this.#git('add', '--all');
    this.#git('commit', '--quiet', '-m', 'Begin');
    writeFileSync(join(this.root, 'mine.md'), 'not committed\n');
  }

  /**
   * What is not as it must be once all loops have ended and *Clean Up* was chosen (R12.6). `files`: what loops have
   * written, which must be on `main` or on a branch.
   */
  violations(files: readonly string[]): string[] {
    const found: string[] = [];
    const trees = this.#lines('worktree', 'list');
    if (trees.length !== 1) found.push(`work trees were left: ${trees.slice(1).join(', ')}`);
    const folders = this.#foldersIn('worktrees');
    if (folders.length > 0) found.push(`folders of work trees were left: ${folders.join(', ')}`);
    const [branches, others] = this.#refs();
    if (others.length > 0) found.push(`refs of ours are in the repository: ${others.join(', ')}`);
    const empty = branches.filter((branch) => this.#git('rev-list', '--count', `main..${branch}`) === '0');
    if (empty.length > 0) found.push(`branches were left that hold nothing: ${empty.join(', ')}`);
    const kept = new Set(['main', ...branches].flatMap((branch) => this.#lines('ls-tree', '--name-only', branch)));
    const lost = files.filter((file) => !kept.has(file));
    if (lost.length > 0) found.push(`work is lost: ${lost.join(', ')}`);
    const status = this.#git('status', '--porcelain');
    if (status !== '?? mine.md') found.push(`the user's checkout is not as it was: ${status}`);
    if (existsSync(join(this.root, '.git', 'MERGE_HEAD'))) found.push('a merge was left half done');
    return found;
  }

  /** Snapshots that are left once all loops were cleared (R12.3). */
  leftSnapshots(): string[] {
    return this.#foldersIn('snapshots');
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }

  #refs(): [branches: string[], others: string[]] {
    const refs = this.#lines('for-each-ref', '--format=%(refname)').filter((ref) => ref !== 'refs/heads/main');
    const isOfLoop = (ref: string) => ref.startsWith('refs/heads/loops/');
    return [refs.filter(isOfLoop), refs.filter((ref) => !isOfLoop(ref))];
  }

  #foldersIn(name: string): string[] {
    const folder = join(this.#storage, name);
    if (!existsSync(folder)) return [];
    return readdirSync(folder).flatMap((repository) =>
      name === 'snapshots' ? [repository] : readdirSync(join(folder, repository)),
    );
  }

  #lines(...args: string[]): string[] {
    return this.#git(...args)
      .split('\n')
      .filter(Boolean);
  }

  #git(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.root, encoding: 'utf8' }).trim();
  }
}
