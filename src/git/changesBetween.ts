import type { FileChange } from '../core/ports/workTrees.ts';
import type { Git } from './git.ts';
import type { SnapshotStore } from './snapshotStore.ts';

/** What differs between two commits that our repository knows. */
export async function changesBetween(git: Git, store: SnapshotStore, from: string, to: string): Promise<FileChange[]> {
  const where = { cwd: store.folder, env: store.own };
  const common = ['--no-ext-diff', '--no-textconv', '-M', '-z', from, to];
  const [names, numbers] = await Promise.all([
    git.run(['diff', '--name-status', ...common], where),
    git.run(['diff', '--numstat', ...common], where),
  ]);
  const lines = readNumbers(numbers.split('\0'));
  return readNames(names.split('\0')).map((change) => ({ ...change, ...lines.get(change.path) }));
}

function readNames(fields: readonly string[]): FileChange[] {
  const changes: FileChange[] = [];
  for (let at = 0; at < fields.length - 1; ) {
    const status = fields[at++] ?? '';
    const first = fields[at++] ?? '';
    if (status === '') continue;
    if (status.startsWith('R') || status.startsWith('C')) {
      const path = fields[at++] ?? '';
      changes.push(status.startsWith('R') ? { path, from: first, kind: 'renamed' } : { path, kind: 'added' });
    } else changes.push({ path: first, kind: status === 'A' ? 'added' : status === 'D' ? 'deleted' : 'modified' });
  }
  return changes;
}

/** `--numstat -z`: `ins TAB del TAB path`, and for a rename an empty path followed by both names. */
function readNumbers(fields: readonly string[]): Map<string, { insertions: number; deletions: number }> {
  const lines = new Map<string, { insertions: number; deletions: number }>();
  for (let at = 0; at < fields.length; at++) {
    const [insertions = '', deletions = '', name = ''] = (fields[at] ?? '').split('\t');
    if (deletions === '') continue;
    let path = name;
    if (path === '') {
      path = fields[at + 2] ?? '';
      at += 2;
    }
    if (insertions !== '-') lines.set(path, { insertions: Number(insertions), deletions: Number(deletions) });
  }
  return lines;
}
