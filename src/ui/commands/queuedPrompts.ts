import * as vscode from 'vscode';
import type { LoopEdit } from '../../core/model/loopSpec.ts';
import { oneLine } from '../text/safeText.ts';
import type { SupervisorHost } from '../window/supervisorHost.ts';

const SCHEME = 'loop-supervisor-prompt';

/**
 * Prompts of queued loops as documents: saving one edits the loop (R2.6). If that is refused, because the loop has
 * started or its new prompt is empty, VS Code says why and the document stays unsaved, so that nothing typed is lost.
 */
export class QueuedPrompts implements vscode.FileSystemProvider, vscode.Disposable {
  readonly #host: Pick<SupervisorHost, 'ready'>;
  readonly #changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly #registration: vscode.Disposable;
  /** Other changes of a loop that are to be saved with its prompt, by loop id. */
  readonly #pending = new Map<string, LoopEdit>();
  readonly #savedAt = new Map<string, number>();
  readonly onDidChangeFile = this.#changed.event;

  constructor(host: Pick<SupervisorHost, 'ready'>) {
    this.#host = host;
    this.#registration = vscode.workspace.registerFileSystemProvider(SCHEME, this, { isCaseSensitive: true });
  }

  /** Opens the prompt of a loop; saving it applies `pending` too. */
  async open(loopId: string, title: string, pending: LoopEdit): Promise<void> {
    this.#pending.set(loopId, pending);
    const name =
      oneLine(title, 40)
        .replaceAll(/[^\p{L}\p{N} ._-]/gu, ' ')
        .trim() || 'prompt';
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${loopId}/${name}.md` });
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: false });
    vscode.window.setStatusBarMessage('$(save) Save this document to change the queued loop', 10_000);
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const { length } = await this.readFile(uri);
    return { type: vscode.FileType.File, ctime: 0, mtime: this.#savedAt.get(loopOf(uri)) ?? 0, size: length };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const prompt = (await (await this.#host.ready()).get(loopOf(uri)))?.prompt;
    if (prompt === undefined) throw vscode.FileSystemError.FileNotFound(uri);
    return Buffer.from(prompt);
  }

  async writeFile(uri: vscode.Uri, content: Uint8Array): Promise<void> {
    const loopId = loopOf(uri);
    const prompt = Buffer.from(content).toString('utf8');
    try {
      await (await this.#host.ready()).edit(loopId, { ...this.#pending.get(loopId), prompt });
    } catch (error) {
      throw vscode.FileSystemError.NoPermissions(error instanceof Error ? error.message : String(error));
    }
    this.#pending.delete(loopId);
    this.#savedAt.set(loopId, Date.now());
    this.#changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
    vscode.window.setStatusBarMessage('$(check) The queued loop has the new prompt', 5_000);
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changed.dispose();
  }
}

function loopOf(uri: vscode.Uri): string {
  return uri.path.split('/')[1] ?? '';
}
