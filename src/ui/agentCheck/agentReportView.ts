import * as vscode from 'vscode';

const REPORT = vscode.Uri.parse('loop-supervisor-agents:/Check Agents.md');

/** The report on agents as a page to read. A new check updates the open page. */
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
    try {
      await vscode.commands.executeCommand('markdown.showPreview', REPORT);
      // An open page is only brought to the front.
      await vscode.commands.executeCommand('markdown.preview.refresh');
    } catch {
      // The Markdown preview can be disabled; the source reads well too.
      await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(REPORT), { preview: true });
    }
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changed.dispose();
  }
}
