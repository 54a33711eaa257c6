import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { StoreError } from '../../core/model/errors.ts';
import { lookAt } from '../../core/model/looks.ts';
import { FileLock } from './fileLock.ts';
import { notWritable } from './sqliteError.ts';
import { DATABASE, isOwner, lookAtOwner, type StoreScope, writeOwner } from './storeOwner.ts';

export interface StoreFolderOptions {
  /** The extension's storage folder. */
  readonly storage: string;
  /** The folder that the user has set instead; empty for none. */
  readonly chosen: string;
  /** The scope of this host. */
  readonly scope: StoreScope;
  /** Whether a folder lies on a disk of another machine. */
  readonly isOnNetworkDisk: (folder: string) => boolean;
  /** Folders of this machine for a storage that is on a network disk, best first. */
  readonly localFolders: readonly string[];
  readonly sleep: (ms: number) => Promise<void>;
}

/** Where this host keeps its store, its runs and what it says of itself. */
export interface StoreFolder {
  readonly folder: string;
  /** Its database. */
  readonly path: string;
  /** It was of another scope, and no host has it open: the leases in it are over. */
  readonly isTakenOver: boolean;
  /** One sentence for the user, the first time that it is another folder than the storage. */
  readonly notice?: string;
}

const FOLDER_MODE = 0o700;
/** A host of our own scope that opens the store in the same moment holds its lock for a few ms. */
const LOCK_TRIES = 5;
const LOCK_PAUSE_MS = 50;

/**
 * Chooses where this host keeps its store (R16.5). Never one that hosts of another machine or pid namespace have
 * open: each takes the other's processes for unknown, and both would start the same loops. Then this machine gets a
 * folder of its own beside it, and keeps it. A storage on a network disk gives way to a folder of this machine.
 *
 * @throws StoreError when there is no such folder.
 */
export async function chooseStoreFolder(options: StoreFolderOptions): Promise<StoreFolder> {
  const { storage, chosen } = options;
  const base = localBase(options);
  const own = ownFolders(base, options.scope);
  // A machine that once had to use a folder of its own finds its loops there.
  const before = own.find(hasStore);
  const first = before === undefined || isOwner(base, options.scope) ? base : before;
  for (const folder of [first, ...own]) {
    const isNew = !hasStore(folder);
    const claim = await claimFolder(folder, options);
    if (claim === 'others') continue;
    const notice = isNew && folder !== storage && folder !== chosen ? noticeOf(folder, base) : undefined;
    return {
      ...{ folder, path: join(folder, DATABASE), isTakenOver: claim === 'taken over' },
      ...(notice !== undefined && { notice }),
    };
  }
  throw new StoreError(
    'broken',
    `The folder ${base} is in use by other machines or containers, and so are the folders in it that were made for ` +
      'this one. Set loopSupervisor.storeFolder to a folder that only this machine uses.',
  );
}

/** The storage itself, or a folder of this machine where that is on a network disk. One that is in use there stays. */
function localBase({ storage, chosen, isOnNetworkDisk, localFolders }: StoreFolderOptions): string {
  if (chosen !== '') {
    if (isAbsolute(chosen) && !isOnNetworkDisk(chosen)) return chosen;
    throw new StoreError(
      'broken',
      `loopSupervisor.storeFolder is ${chosen}, which is not a full path on a disk of this machine. ` +
        'Change it, or leave it empty.',
    );
  }
  if (hasStore(storage) || !isOnNetworkDisk(storage)) return storage;
  const local = localFolders.find((folder) => !isOnNetworkDisk(folder) && isPrivate(folder));
  if (local !== undefined) return local;
  throw new StoreError(
    'broken',
    `The folder ${storage} is on a network disk, where windows cannot share a store safely, and no local folder was ` +
      'found. Set loopSupervisor.storeFolder to a folder on a disk of this machine.',
  );
}

/**
 * Whether a folder has a store.
 *
 * @throws StoreError where that cannot be seen: to begin another one would hide all loops of the first.
 */
function hasStore(folder: string): boolean {
  const look = lookAt(() => statSync(join(folder, DATABASE)));
  if (look.state === 'unknown')
    throw new StoreError(
      'disk',
      `Whether ${folder} holds a store cannot be seen (${look.why}). Make it readable for you; it is tried again.`,
    );
  return look.state === 'there';
}

/** Folders beside the store for this machine alone, the one that lasts longest first. */
function ownFolders(base: string, { machine, namespace, bootId }: StoreScope): string[] {
  const keys = [...(machine === undefined ? [] : [[machine]]), [machine, namespace], [machine, namespace, bootId]];
  return keys.map((key) => join(base, `machine-${hash(key.join(' '))}`));
}

/** Whether this host may use the store in a folder; then the store is on record as this scope's. */
async function claimFolder(
  folder: string,
  { scope, sleep }: StoreFolderOptions,
): Promise<'ours' | 'taken over' | 'others'> {
  try {
    mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  } catch (error) {
    throw notWritable(join(folder, DATABASE), error);
  }
  for (let tries = 0; ; tries++) {
    if (isOwner(folder, scope)) return 'ours';
    // Nobody wrote it before there were scopes: what is there is this machine's.
    if (lookAtOwner(folder).state === 'gone') {
      // A full disk is reported by the store itself.
      lookAt(() => writeOwner(folder, scope));
      return 'ours';
    }
    const lock = new FileLock(join(folder, `${DATABASE}.lock`));
    try {
      if (lock.takeAlone()) {
        writeOwner(folder, scope);
        return 'taken over';
      }
    } finally {
      lock.close();
    }
    if (tries >= LOCK_TRIES) return 'others';
    await sleep(LOCK_PAUSE_MS);
  }
}

/**
 * Whether a folder is, or becomes, one that only its owner can use: a shared folder such as `/var/tmp` may hold a
 * trap.
 */
function isPrivate(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
    const stat = lstatSync(folder);
    const isOurs = process.getuid === undefined || stat.uid === process.getuid();
    return stat.isDirectory() && isOurs && (process.platform === 'win32' || (stat.mode & 0o022) === 0);
  } catch {
    return false;
  }
}

function noticeOf(folder: string, base: string): string {
  const sentence =
    folder === base
      ? "VS Code's data lies on a network disk, where windows cannot share a store safely. This machine"
      : `Another machine or container is using the loops in ${base}. This one`;
  return `${sentence} keeps its own loops in ${folder}.`;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
