import { join } from 'node:path';
import * as vscode from 'vscode';
import type { CheckRequest } from '../../core/model/check.ts';
import type { CommandContext } from '../commands/commandTable.ts';
import { askItem, askText, BACK, type Place } from '../commands/prompts.ts';
import { oneLine } from '../text/safeText.ts';
import { makeChecks, namedChecks, type OfferedCheck, runnerOf, scriptChecks } from './checkSources.ts';

const RECENT_KEY = 'checks.recent';
const MOST_RECENT = 8;

interface CheckItem extends vscode.QuickPickItem {
  readonly check?: CheckRequest;
}

/** The choice of no check. */
export const NO_CHECK = Symbol('no check');

/**
 * Asks what must pass: named checks, recent ones, scripts and targets of the folder, tasks of the workspace, or a typed
 * command. Checks found in a repository are offered, never run unasked (R11.5). `isOptional`: a loop without a check is
 * a choice, too. `undefined`: the user dismissed the question.
 */
export async function askCheck(
  ctx: CommandContext,
  place: Place,
  folder: string | undefined,
  options: { readonly isOptional: true },
): Promise<CheckRequest | typeof NO_CHECK | typeof BACK | undefined>;
export async function askCheck(
  ctx: CommandContext,
  place: Place,
  folder: string | undefined,
): Promise<CheckRequest | typeof BACK | undefined>;
export async function askCheck(
  ctx: CommandContext,
  place: Place,
  folder: string | undefined,
  { isOptional }: { readonly isOptional: boolean } = { isOptional: false },
): Promise<CheckRequest | typeof NO_CHECK | typeof BACK | undefined> {
  const named = namedChecks(ctx.config.checks);
  const recent = (ctx.context.globalState.get<string[]>(RECENT_KEY) ?? []).map((command) => ({
    ...{ label: command, from: 'recent', check: { command } },
  }));
  const offered = [...(await folderChecks(folder)), ...(await taskChecks())];
  const typed: CheckItem = { label: '$(edit) Type a Command…', alwaysShow: true };
  const none: CheckItem = { label: '$(circle-slash) No Check', description: 'its agent’s word is enough' };
  const items: CheckItem[] = [
    ...(isOptional ? [none] : []),
    ...group('Named checks', named),
    ...group('Recent', recent),
    ...group(
      'From this folder',
      offered.filter(({ label }) => !recent.some((one) => one.label === label)),
    ),
    typed,
  ];
  const usual = ctx.config.defaultCheck;
  const answer = await askItem({
    ...place,
    ignoreFocusOut: true,
    placeholder: 'What must pass? The loop continues in rounds until this command exits with 0',
    items,
    active: items.find(({ label, check }) => label === usual || check?.command === usual),
  });
  if (answer === undefined || answer === BACK) return answer;
  if (answer === none) return NO_CHECK;
  const check = answer.check ?? (await askCommand(place));
  if (check === undefined || check === BACK) return check;
  if (!named.some((one) => one.check === check)) await remember(ctx, check.command);
  return check;
}

async function askCommand(place: Place): Promise<CheckRequest | typeof BACK | undefined> {
  const command = await askText({
    ...place,
    back: true,
    prompt: 'A command line that must exit with 0. It runs in the loop’s folder, in your shell.',
    placeholder: 'npm test && npm run lint',
    validate: (value) => (value.trim() === '' ? 'Enter a command line.' : undefined),
  });
  return typeof command === 'string' ? { command } : command === BACK ? BACK : undefined;
}

function group(label: string, checks: readonly OfferedCheck[]): CheckItem[] {
  if (checks.length === 0) return [];
  return [
    { label, kind: vscode.QuickPickItemKind.Separator },
    ...checks.map(({ label: name, from, check }) => ({
      label: oneLine(name, 80),
      description: name === check.command ? from : oneLine(check.command, 60),
      check,
    })),
  ];
}

async function remember(ctx: CommandContext, command: string): Promise<void> {
  const before = ctx.context.globalState.get<string[]>(RECENT_KEY) ?? [];
  await ctx.context.globalState.update(
    RECENT_KEY,
    [command, ...before.filter((other) => other !== command)].slice(0, MOST_RECENT),
  );
}

/** Scripts and targets that the files of a folder name. */
async function folderChecks(folder: string | undefined): Promise<OfferedCheck[]> {
  if (folder === undefined) return [];
  const entries = await namesIn(folder);
  const read = async (name: string) => {
    if (!entries.includes(name)) return '';
    const bytes = await vscode.workspace.fs.readFile(vscode.Uri.file(join(folder, name)));
    return new TextDecoder().decode(bytes);
  };
  const [manifest, makefile] = await Promise.all([read('package.json'), read('Makefile')]);
  return [...scriptChecks(manifest, runnerOf(entries)), ...makeChecks(makefile)];
}

/** The entries of a folder; empty if it cannot be read. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await vscode.workspace.fs.readDirectory(vscode.Uri.file(folder))).map(([name]) => name);
  } catch {
    return [];
  }
}

/** Tasks that are one plain command line. */
async function taskChecks(): Promise<OfferedCheck[]> {
  const tasks = await vscode.tasks.fetchTasks().then(
    (all) => all,
    () => [],
  );
  return tasks.flatMap(({ name, source, execution }) => {
    if (source !== 'Workspace' || !(execution instanceof vscode.ShellExecution)) return [];
    const { commandLine } = execution;
    // Variables that VS Code fills in, such as ${file}, mean nothing to a loop.
    if (!commandLine || commandLine.includes('${')) return [];
    return [{ label: name, from: 'task', check: { command: commandLine } }];
  });
}
