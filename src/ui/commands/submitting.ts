import * as vscode from 'vscode';
import type { LoopSpec } from '../../core/model/loopSpec.ts';
import type { SubmitResult } from '../../core/model/status.ts';
import { baseName } from '../text/format.ts';
import { oneLine } from '../text/safeText.ts';
import { chooseAgent } from './chooseAgent.ts';
import type { CommandContext } from './commandTable.ts';
import { dropPromptDraft } from './promptDraft.ts';
import { askItem, BACK, type Place } from './prompts.ts';
import { showError } from './showError.ts';

/** Where the chosen folder is remembered, per workspace. */
export const FOLDER_KEY = 'submit.folder';
const SHOWN_MS = 5000;

/**
 * Submits what the user has put together and says how it went. The first time it asks for the agent: the demo agent
 * never runs a real prompt by itself. An error comes with the buttons that help; when one has cleared the way, the same
 * loop is submitted again. `undefined`: not submitted.
 */
export async function submitByHand(ctx: CommandContext, spec: LoopSpec): Promise<SubmitResult | undefined> {
  const agent = spec.agent ?? (ctx.config.hasDefaultAgent ? undefined : ((await chooseAgent(ctx, true)) ?? BACK));
  if (agent === BACK) return undefined;
  const cwd = spec.cwd ?? (await folderForSubmit(ctx));
  if (cwd === BACK) return undefined;
  return submit(ctx, { ...spec, ...(agent === undefined ? {} : { agent }), ...(cwd === undefined ? {} : { cwd }) });
}

async function submit(ctx: CommandContext, spec: LoopSpec): Promise<SubmitResult | undefined> {
  try {
    const result = await ctx.host.submit(spec);
    dropPromptDraft(ctx, spec.prompt);
    ctx.milestones.reach('submitted');
    const title = oneLine(spec.title ?? spec.prompt.trimStart(), 50);
    const said = result.queued ? `$(clock) Queued at place ${result.position}: ${title}` : `$(play) Started: ${title}`;
    vscode.window.setStatusBarMessage(said, SHOWN_MS);
    return result;
  } catch (error) {
    showError(ctx, error, (changes) => submit(ctx, { ...spec, ...changes }));
    return undefined;
  }
}

/**
 * The folder in which a loop runs: that of the active editor, the only one, or in a multi-root workspace the one that
 * was chosen last, which is asked for once. `undefined` without a folder: the supervisor then uses the home folder.
 */
export async function folderForSubmit(ctx: CommandContext): Promise<string | typeof BACK | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const editor = vscode.window.activeTextEditor;
  const ofEditor = editor && vscode.workspace.getWorkspaceFolder(editor.document.uri);
  if (ofEditor) return ofEditor.uri.fsPath;
  if (folders.length <= 1) return folders[0]?.uri.fsPath;
  const remembered = ctx.context.workspaceState.get<string>(FOLDER_KEY);
  if (remembered !== undefined && folders.some(({ uri }) => uri.fsPath === remembered)) return remembered;
  return (await askFolder(ctx, { title: 'Choose the folder in which the loop runs' })) ?? BACK;
}

/** Asks for a folder, and remembers it if it belongs to the workspace. */
export async function askFolder(
  ctx: CommandContext,
  place: Place,
  active?: string,
): Promise<string | typeof BACK | undefined> {
  const other = { label: '$(folder-opened) Other Folder…', description: '', path: '' };
  const items = [
    ...(vscode.workspace.workspaceFolders ?? []).map(({ name, uri }) => ({
      label: `$(folder) ${name}`,
      description: uri.fsPath,
      path: uri.fsPath,
    })),
    other,
  ];
  const known = active === undefined || items.some(({ path }) => path === active);
  if (!known) items.unshift({ label: `$(folder) ${baseName(active)}`, description: active, path: active });
  const answer = await askItem({
    ...place,
    placeholder: 'The folder in which the agent works',
    items,
    active: items.find(({ path }) => path === active),
    ignoreFocusOut: true,
  });
  if (answer === undefined || answer === BACK) return answer;
  if (answer !== other) {
    await ctx.context.workspaceState.update(FOLDER_KEY, answer.path);
    return answer.path;
  }
  const [folder] =
    (await vscode.window.showOpenDialog({ canSelectFolders: true, canSelectFiles: false, openLabel: 'Run Here' })) ??
    [];
  return folder?.fsPath;
}
