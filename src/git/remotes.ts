import { resolve } from 'node:path';
import { repositoryAddress } from '../core/policy/repositoryAddress.ts';
import type { PublishedCommit } from '../core/ports/workTrees.ts';
import type { Git } from './git.ts';

interface Remote {
  readonly name: string;
  readonly address: string;
}

/** How a commit can be had from a remote, by what this clone knows of it: nobody is asked (R16.4). */
export async function publishedCommit(git: Git, root: string, commit: string): Promise<PublishedCommit | undefined> {
  const remotes = await remotesOf(git, root);
  const remote = remotes.find(({ name }) => name === 'origin') ?? remotes[0];
  if (!remote) return undefined;
  const branches = ['for-each-ref', '--count=1', `--contains=${commit}`, `refs/remotes/${remote.name}/`];
  const isPushed = (await git.run(branches, { cwd: root })) !== '';
  return { address: remote.address, remote: remote.name, isPushed };
}

/** The clone that a folder is in, and the addresses of its remotes. */
export async function cloneAt(git: Git, folder: string): Promise<{ root: string; addresses: string[] }> {
  const root = resolve(await git.run(['rev-parse', '--show-toplevel'], { cwd: folder }));
  const remotes = await remotesOf(git, root);
  return { root, addresses: [...new Set(remotes.map(({ address }) => address))] };
}

/** Values from a store that others write must not act as Git options. */
const COMMIT = /^[0-9a-f]{40,64}$/;

/** Nothing asks the user for a password or about an unknown host (R12.7): ssh would, on a terminal. */
const NO_QUESTIONS = { GCM_INTERACTIVE: 'never', SSH_ASKPASS_REQUIRE: 'force' };

/**
 * Gets a commit from the remote of that address, unless it is there: alone where the server gives it, or else with all
 * branches. Nothing of the user's is changed but what is known of the remote's branches.
 */
export async function fetchCommit(git: Git, root: string, address: string, commit: string): Promise<void> {
  if (!COMMIT.test(commit)) throw new Error('it names no commit: submit it again');
  const isThere = async () => (await git.try(['cat-file', '-e', `${commit}^{commit}`], { cwd: root })).code === 0;
  if (await isThere()) return;
  const remote = (await remotesOf(git, root)).find((one) => one.address === address);
  if (!remote) throw new Error(`the clone ${root} has no remote ${address} any more`);
  const fetch = ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'];
  const options = { cwd: root, env: NO_QUESTIONS };
  await git.try([...fetch, '--refmap=', remote.name, commit], options);
  if (await isThere()) return;
  await git.run([...fetch, remote.name], options);
  if (!(await isThere()))
    throw new Error(
      `its commit ${commit.slice(0, 10)} is not on ${remote.name} (${address}): push it there, then start it again`,
    );
}

/** The remotes of a repository, in the order of their names. */
export async function remotesOf(git: Git, root: string): Promise<Remote[]> {
  const text = await git.run(['remote', '--verbose'], { cwd: root });
  return text.split('\n').flatMap((line) => {
    const [, name, url] = /^([^\t]+)\t(.+) \(fetch\)/.exec(line) ?? [];
    return name !== undefined && url !== undefined ? [{ name, address: repositoryAddress(url) }] : [];
  });
}
