import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import { whyOf } from '../core/model/looks.ts';
import type { ProcessIdentity } from '../core/model/processIdentity.ts';
import { isGone, type Processes } from './processes.ts';
import { keyOf } from './snapshotStore.ts';

/** How long (ms) to wait for another host that brings work into the same checkout. */
const BUSY_MS = 60_000;
/** Hosts look again after this long (ms) to twice as long, so that two do not meet for ever. */
const LOOK_AGAIN_MS = 50;

/** What is not settled has no owner: whoever comes next for the checkout settles it. */
const LEFT = '.left.json';

const identity = z.object({
  pid: z.int(),
  startTime: z.string(),
  bootId: z.string(),
  machine: z.exactOptional(z.string()),
  namespace: z.exactOptional(z.string()),
});
const step = z.object({
  way: z.enum(['merge', 'squash', 'apply']),
  loopId: z.string(),
  /** The branch that is brought home, and its commit. */
  branch: z.string(),
  tip: z.string(),
  /** The commit that was checked out. */
  head: z.string(),
  /** The files as they were: a tree. */
  tree: z.string(),
  /** The snapshot of them in our repository; absent where all of them are committed. */
  commit: z.exactOptional(z.string()),
  /** What Git had noted of an earlier merge in the checkout: a tree. */
  noted: z.exactOptional(z.string()),
});
const record = z.object({
  format: z.literal(1),
  /** The host that brings work home. */
  owner: identity,
  /** The user's checkout, and the work tree of the loop. */
  root: z.string(),
  workTree: z.string(),
  /** Names snapshots of it: `<loop>/home`. */
  name: z.string(),
  /** The Git that it has begun last. It goes on when its host dies. */
  git: z.exactOptional(identity),
  /** What Git changes in the checkout: there before it begins. */
  step: z.exactOptional(step),
});

/** What Git was to change in a user's checkout. */
export type HomeStep = z.infer<typeof step>;
type Details = z.infer<typeof record>;

/** What a host that is gone, or could not roll back, has left in a checkout. */
export interface LeftHome extends Details {
  readonly file: string;
}

/** The folder of all notes. */
function folderIn(storage: string): string {
  return join(storage, 'home');
}

/**
 * One host's right to bring work into a checkout, and its note of what is under way there (R12.4). The note is on disk
 * before Git changes anything: the next host knows what it must wait for, and what to roll back.
 */
export class HomeClaim {
  readonly #processes: Processes;
  readonly #file: string;
  #details: Details;

  constructor(processes: Processes, file: string, details: Details) {
    this.#processes = processes;
    this.#file = file;
    this.#details = details;
  }

  get details(): Details {
    return this.#details;
  }

  async note(changes: Pick<Details, 'git'> | Pick<Details, 'step'>): Promise<void> {
    this.#details = { ...this.#details, ...changes };
    await write(this.#file, this.#details);
  }

  /** Notes the Git that is about to begin. Rejects where it cannot be noted: then it must not begin. */
  readonly noteGit = async (pid: number): Promise<void> => {
    const look = await this.#processes.find(pid);
    if (look.state === 'unknown')
      throw new Error(`Git was not started, because its process could not be watched: ${look.why}.`);
    if (look.state === 'there') await this.note({ git: pick(look.value) });
  };

  /** Lets the next one in. `isSettled`: nothing is to be rolled back; else the note stays, without an owner. */
  async release(isSettled: boolean): Promise<void> {
    if (isSettled) await rm(this.#file, { force: true });
    // Needs no space, which may be what is missing.
    else await rename(this.#file, this.#file.replace(/\.json$/, LEFT)).catch(ignoreMissing);
  }
}

/** What it told of is settled. */
export async function forgetLeft({ file }: LeftHome): Promise<void> {
  await rm(file, { force: true });
}

/** Waits, for as long as one may wait, until no other host brings work into this checkout, and keeps them out. */
export async function claimCheckout(
  processes: Processes,
  storage: string,
  gitFolder: string,
  details: Pick<Details, 'root' | 'workTree' | 'name'>,
): Promise<{ readonly claim: HomeClaim; readonly left: readonly LeftHome[] } | { readonly busy: string }> {
  const key = keyOf(gitFolder);
  const file = join(folderIn(storage), `${key}.${randomBytes(8).toString('hex')}.json`);
  const self = await processes.find(process.pid);
  if (self.state !== 'there') throw new Error('This process cannot be seen in the list of processes: try again.');
  const mine: Details = { format: 1, owner: pick(self.value), ...details };
  const others = async () => (await notes(storage, key)).filter((one) => one.file !== file);
  for (let waited = 0; ; ) {
    if (!(await anyOwned(processes, await others()))) {
      // Each writes first and looks then: of two that come together at least one sees the other.
      await write(file, mine);
      const left = await others();
      if (!(await anyOwned(processes, left))) return { claim: new HomeClaim(processes, file, mine), left };
      await rm(file, { force: true });
    }
    const { root } = details;
    const busy = `Work is being brought into ${root} from another window: wait for its end, then try again.`;
    if (waited >= BUSY_MS) return { busy };
    const pause = LOOK_AGAIN_MS * (1 + Math.random());
    await sleep(pause);
    waited += pause;
  }
}

/** Whether anything was noted for a checkout, by hosts that live or by others. */
export async function hasNotes(storage: string, gitFolder: string): Promise<boolean> {
  return (await namesOf(storage, keyOf(gitFolder))).length > 0;
}

/** What was left in checkouts, of all repositories: one for each checkout. */
export async function allLeft(processes: Processes, storage: string): Promise<readonly LeftHome[]> {
  const found = await notes(storage);
  const roots = new Map<string, LeftHome>();
  for (const one of found) {
    const ofRoot = found.filter(({ root }) => root === one.root);
    if (!(await anyOwned(processes, ofRoot))) roots.set(one.root, one);
  }
  return [...roots.values()];
}

async function anyOwned(processes: Processes, all: readonly LeftHome[]): Promise<boolean> {
  for (const { file, owner } of all) if (!file.endsWith(LEFT) && !(await isGone(processes, owner))) return true;
  return false;
}

async function notes(storage: string, key?: string): Promise<readonly LeftHome[]> {
  const found: LeftHome[] = [];
  for (const name of await namesOf(storage, key)) {
    const file = join(folderIn(storage), name);
    const text = await readFile(file, 'utf8').catch(ignoreMissing);
    if (text !== undefined) found.push({ ...parse(file, text), file });
  }
  return found;
}

function parse(file: string, text: string): Details {
  const { success, data } = record.safeParse(jsonOf(text));
  if (success) return data;
  throw new Error(
    `What was being brought home when a window ended is not known, because ${file} cannot be read: ` +
      'see that your checkout is as it should be (git status), then remove that file.',
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function namesOf(storage: string, key?: string): Promise<readonly string[]> {
  const names = (await readdir(folderIn(storage)).catch(ignoreMissing)) ?? [];
  return names.filter((name) => name.endsWith('.json') && (key === undefined || name.startsWith(`${key}.`)));
}

async function write(file: string, details: Details): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(`${file}.new`, JSON.stringify(details), { mode: 0o600 });
    await rename(`${file}.new`, file);
  } catch (error) {
    await rm(`${file}.new`, { force: true }).catch(() => undefined);
    const why = whyOf(error);
    throw new Error(
      `Git was not started in ${details.root}, because ${file} could not be written (${why}): free some space.`,
    );
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** A table of processes tells more than is to be stored. */
function pick({ pid, startTime, bootId, machine, namespace }: ProcessIdentity): z.infer<typeof identity> {
  return {
    ...{ pid, startTime, bootId },
    ...(machine !== undefined && { machine }),
    ...(namespace !== undefined && { namespace }),
  };
}
