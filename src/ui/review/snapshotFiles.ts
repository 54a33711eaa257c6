import * as vscode from 'vscode';
import type { WorkTreeActions } from '../../core/runtime/workTreeActions.ts';
import type { SupervisorHost } from '../window/supervisorHost.ts';

/** The scheme of files in snapshots. */
export const SNAPSHOT_SCHEME = 'loop-snapshot';
/** How many files of snapshots are kept in memory. */
const KEPT = 64;
const COMMIT = /^[0-9a-f]{40,64}$/;

/** Where a file of a snapshot lies: its path shows in titles, the rest is in the query. */
export function snapshotUri(commonFolder: string, commit: string, path: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SNAPSHOT_SCHEME, path: `/${path}`, query: JSON.stringify([commonFolder, commit]) });
}

/** Files as they were in snapshots, for the diff editor; read-only. Only our own snapshot repositories can be read. */
export class SnapshotFiles implements vscode.FileSystemProvider {
  readonly #host: Pick<SupervisorHost, 'ready'>;
  readonly #changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.#changed.event;
  /** The latest reads: VS Code asks for the size of a file before it reads it. */
  readonly #recent = new Map<string, Promise<Uint8Array | undefined>>();

  constructor(host: Pick<SupervisorHost, 'ready'>) {
    this.#host = host;
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const content = await this.readFile(uri);
    const permissions = vscode.FilePermission.Readonly;
    // A snapshot never changes.
    return { type: vscode.FileType.File, ctime: 0, mtime: 0, size: content.byteLength, permissions };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const key = uri.toString();
    const reading = this.#recent.get(key) ?? this.#read(uri);
    this.#recent.delete(key);
    this.#recent.set(key, reading);
    for (const old of this.#recent.keys()) if (this.#recent.size > KEPT) this.#recent.delete(old);
    // Failed reads are retried.
    reading.catch(() => this.#recent.delete(key));
    const content = await reading;
    if (!content) throw vscode.FileSystemError.FileNotFound(uri);
    return content;
  }

  async #read(uri: vscode.Uri): Promise<Uint8Array | undefined> {
    const place = placeOf(uri);
    const supervisor = await this.#host.ready();
    return place && read(await supervisor.workTrees(), place);
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(): never {
    throw vscode.FileSystemError.NoPermissions('Snapshots of loops cannot be changed.');
  }

  writeFile(): never {
    throw vscode.FileSystemError.NoPermissions('Snapshots of loops cannot be changed.');
  }

  delete(): never {
    throw vscode.FileSystemError.NoPermissions('Snapshots of loops cannot be changed.');
  }

  rename(): never {
    throw vscode.FileSystemError.NoPermissions('Snapshots of loops cannot be changed.');
  }
}

interface Place {
  readonly commonFolder: string;
  readonly commit: string;
  readonly path: string;
}

function read(workTrees: WorkTreeActions, { commonFolder, commit, path }: Place): Promise<Uint8Array | undefined> {
  return workTrees.readSnapshot(commonFolder, commit, path);
}

function placeOf(uri: vscode.Uri): Place | undefined {
  try {
    const [commonFolder, commit] = JSON.parse(uri.query) as unknown[];
    const isValid = typeof commonFolder === 'string' && typeof commit === 'string' && COMMIT.test(commit);
    return isValid ? { commonFolder, commit, path: uri.path.slice(1) } : undefined;
  } catch {
    return undefined;
  }
}
