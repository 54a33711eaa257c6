import type { Git } from './git.ts';
import { AUTHOR } from './snapshotStore.ts';

/** Makes a folder a repository of its own with one commit, in which samples can be tried (R12). */
export async function makeScratchRepository(git: Git, path: string): Promise<void> {
  await git.run(['init', '--quiet', '--template=', '--initial-branch=main', '.'], { cwd: path });
  // A trial merge in it needs no author.
  await git.run(['config', 'user.name', AUTHOR.GIT_AUTHOR_NAME], { cwd: path });
  await git.run(['config', 'user.email', AUTHOR.GIT_AUTHOR_EMAIL], { cwd: path });
  await git.run(['add', '--all'], { cwd: path });
  await git.run(['commit', '--quiet', '--allow-empty', '-m', 'Begin'], { cwd: path });
}
