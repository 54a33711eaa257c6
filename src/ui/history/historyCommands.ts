import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as vscode from 'vscode';
import type { FinishedLoop } from '../../core/model/loop.ts';
import type { Supervisor } from '../../core/supervisor.ts';
import type { CommandTable } from '../commands/commandTable.ts';
import { describeFinished } from '../text/loopText.ts';
import { oneLine } from '../text/safeText.ts';
import { type ExportFormat, exportHistory } from './historyExport.ts';
import type { HistoryFilter } from './historyFilter.ts';
import { parseHistoryQuery, QUERY_HELP, queryWords } from './historyQuery.ts';

/** Matches shown at most; narrow the search to find others. */
const SHOWN = 200;
const TYPING_MS = 150;

interface LoopItem extends vscode.QuickPickItem {
  readonly loop?: FinishedLoop;
}

const ICONS = { completed: 'pass', failed: 'error', cancelled: 'circle-slash' } as const;
const OUTPUT: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('output'), tooltip: 'Show Output' };
const AGAIN: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('debug-rerun'), tooltip: 'Submit Again' };
const FILTER: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon('filter'),
  tooltip: 'List the Matches in the View',
};
const EXPORT: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('export'), tooltip: 'Export the Matches' };

export function historyCommands(filter: HistoryFilter): CommandTable {
  return {
    /** Searches finished loops while the user types. Returns the final search. */
    searchHistory: (ctx) => async (search) =>
      searchHistory(await ctx.host.ready(), filter, typeof search === 'string' ? search : filter.search),

    /**
     * Writes finished loops to a file. Optional arguments: a search, and `json` or `csv`. Returns the number of bytes
     * written.
     */
    exportHistory: (ctx) => async (search, format) => {
      const supervisor = await ctx.host.ready();
      return writeExport(
        supervisor,
        typeof search === 'string' ? search : filter.search,
        format === 'json' || format === 'csv' ? format : undefined,
      );
    },

    clearHistoryFilter: () => () => filter.set(''),
  };
}

function searchHistory(supervisor: Supervisor, filter: HistoryFilter, initial: string): Promise<string> {
  const pick = vscode.window.createQuickPick<LoopItem>();
  pick.title = 'Search History';
  pick.placeholder = QUERY_HELP;
  pick.value = initial;
  pick.buttons = [FILTER, EXPORT];
  let timer: NodeJS.Timeout | undefined;

  const find = async (): Promise<void> => {
    const now = Date.now();
    const search = pick.value;
    const query = parseHistoryQuery(search, now);
    const loops = await supervisor.finished({ ...query, limit: SHOWN });
    // The user typed on: a later search shows its own matches.
    if (pick.value !== search) return;
    // Otherwise the list would filter by its own rules as well.
    const items: LoopItem[] = loops.map((loop) => ({
      label: `$(${ICONS[loop.state]}) ${oneLine(loop.title) || loop.loopId}`,
      description: loop.agent,
      detail: describeFinished(loop, now).description,
      alwaysShow: true,
      buttons: [OUTPUT, AGAIN],
      loop,
    }));
    if (loops.length === SHOWN)
      items.push({
        label: `The newest ${SHOWN} matches`,
        description: 'narrow the search to see others',
        alwaysShow: true,
      });
    if (loops.length === 0)
      items.push({ label: 'No finished loop matches', description: queryWords(query), alwaysShow: true });
    pick.items = items;
  };

  return new Promise((resolve) => {
    const show = () =>
      void find().catch((error: unknown) => {
        pick.items = [{ label: 'The history could not be read', description: String(error), alwaysShow: true }];
      });
    const run = (command: string, loop: FinishedLoop | undefined): void => {
      if (!loop) return;
      pick.hide();
      void vscode.commands.executeCommand(`loopSupervisor.${command}`, { loopId: loop.loopId, seq: loop.seq });
    };
    pick.onDidChangeValue(() => {
      clearTimeout(timer);
      timer = setTimeout(show, TYPING_MS);
    });
    pick.onDidAccept(() => run('showDetail', pick.selectedItems[0]?.loop));
    pick.onDidTriggerItemButton(({ item, button }) => run(button === OUTPUT ? 'showOutput' : 'submitAgain', item.loop));
    pick.onDidTriggerButton((button) => {
      const search = pick.value;
      pick.hide();
      if (button === EXPORT) void vscode.commands.executeCommand('loopSupervisor.exportHistory', search);
      else {
        filter.set(search);
        void vscode.commands.executeCommand('loopSupervisor.loops.focus');
      }
    });
    pick.onDidHide(() => {
      clearTimeout(timer);
      resolve(pick.value);
      pick.dispose();
    });
    show();
    pick.show();
  });
}

async function writeExport(
  supervisor: Supervisor,
  search: string,
  given: ExportFormat | undefined,
): Promise<number | undefined> {
  const query = parseHistoryQuery(search, Date.now());
  const words = queryWords(query);
  const format = given ?? (await askFormat(words));
  if (!format) return undefined;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const name = `loops-${new Date().toISOString().slice(0, 10)}.${format}`;
  const uri = await vscode.window.showSaveDialog({
    title: 'Export History',
    filters: { [format.toUpperCase()]: [format] },
    ...(folder && { defaultUri: vscode.Uri.joinPath(folder, name) }),
  });
  if (!uri) return undefined;
  const written = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Exporting history', cancellable: true },
    async (_, token) => {
      let bytes = 0;
      async function* pieces(): AsyncGenerator<string> {
        for await (const piece of exportHistory(supervisor, query, format as ExportFormat)) {
          if (token.isCancellationRequested) return;
          bytes += Buffer.byteLength(piece);
          yield piece;
        }
      }
      if (uri.scheme === 'file')
        await pipeline(Readable.from(pieces()), createWriteStream(uri.fsPath, { mode: 0o600 }));
      else {
        let text = '';
        for await (const piece of pieces()) text += piece;
        await vscode.workspace.fs.writeFile(uri, Buffer.from(text));
      }
      return token.isCancellationRequested ? undefined : bytes;
    },
  );
  if (written === undefined) return undefined;
  void vscode.window
    .showInformationMessage(`The history${words ? ` (${words})` : ''} was written to ${uri.fsPath}.`, 'Open')
    .then((open) => {
      if (open) void vscode.commands.executeCommand('vscode.open', uri);
    });
  return written;
}

async function askFormat(words: string): Promise<ExportFormat | undefined> {
  const items = [
    { label: 'JSON', description: 'everything: prompts, attempts, costs, history', format: 'json' as const },
    { label: 'CSV', description: 'one row for each loop', format: 'csv' as const },
  ];
  const answer = await vscode.window.showQuickPick(items, {
    title: `Export History${words ? ` (${words})` : ''}`,
    placeHolder: 'Choose a format',
  });
  return answer?.format;
}
