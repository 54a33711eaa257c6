import * as vscode from 'vscode';
import type { UiDeps } from './uiDeps.ts';

const ID = 'loopSupervisor.mcp';

/**
 * Offers the tools of Loop Supervisor to agents inside VS Code as an MCP server, `loops mcp` (R15.4), once the
 * workspace is trusted. Does nothing in an editor that knows no MCP servers.
 */
export function provideMcpServer({ host, context }: UiDeps): vscode.Disposable {
  const { lm } = vscode;
  if (typeof lm?.registerMcpServerDefinitionProvider !== 'function' || !vscode.McpStdioServerDefinition)
    return new vscode.Disposable(() => undefined);
  const changed = new vscode.EventEmitter<void>();
  const listener = host.onDidChangeState(() => changed.fire());
  const provided = lm.registerMcpServerDefinitionProvider(ID, {
    onDidChangeMcpServerDefinitions: changed.event,
    provideMcpServerDefinitions: () => {
      if (!host.current) return [];
      const program = vscode.Uri.joinPath(context.extensionUri, 'dist', 'loops.cjs').fsPath;
      const server = new vscode.McpStdioServerDefinition(
        'Loop Supervisor',
        process.execPath,
        [program, '--storage', context.globalStorageUri.fsPath, 'mcp'],
        { ELECTRON_RUN_AS_NODE: '1' },
        String(context.extension.packageJSON.version),
      );
      const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
      if (folder) server.cwd = folder;
      return [server];
    },
  });
  return vscode.Disposable.from(changed, listener, provided);
}
