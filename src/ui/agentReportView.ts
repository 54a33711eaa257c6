import * as vscode from 'vscode';

const REPORT = vscode.Uri.parse('loop-supervisor-agents:/Check Agents.md');

/** The report on agents as a read-only document: looking again changes it where it is open. */
export class AgentReportView implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #registration = vscode.workspace.registerTextDocumentContentProvider(REPORT.scheme, this);
  #text = '';
  readonly onDidChange = this.#changed.event;

  provideTextDocumentContent(): string {
    return this.#text;
  }

  async show(text: string): Promise<void> {
    this.#text = text;
    this.#changed.fire(REPORT);
    const document = await vscode.workspace.openTextDocument(REPORT);
    await vscode.window.showTextDocument(document, { preview: true });
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changed.dispose();
  }
}
