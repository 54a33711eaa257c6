import * as vscode from 'vscode';
import type { CommandTable } from '../commands/commandTable.ts';
import { askItem, BACK } from '../commands/prompts.ts';
import type { Grouping } from '../tree/finishedSections.ts';
import { type FilterTerm, hasTerm, searchOf, textBeside } from './filterTerms.ts';
import type { HistoryFilter } from './historyFilter.ts';
import type { ReadMarks } from './readMarks.ts';

const FAILED = 'state:failed';
/** Finished loops searched for agents to offer. */
const LOOKED_AT = 500;

interface FilterItem extends vscode.QuickPickItem, FilterTerm {}

const GROUPINGS: readonly (vscode.QuickPickItem & { readonly grouping: Grouping })[] = [
  { label: 'Day', description: 'today, yesterday, …', grouping: 'day' },
  { label: 'Folder', grouping: 'folder' },
  { label: 'State', description: 'failed, completed, cancelled', grouping: 'state' },
  { label: 'No Groups', grouping: 'none' },
];

/** Commands on the list of finished loops in the view. */
export function listCommands(filter: HistoryFilter, marks: ReadMarks): CommandTable {
  return {
    /** Lists what the user chooses of states, agents, this workspace and a text. Returns the filter as a search. */
    filterFinished: (ctx) => async () => {
      const loops = await (await ctx.host.ready()).finished({ limit: LOOKED_AT });
      const search = await askFilter(filter.search, [...new Set(loops.map(({ agent }) => agent))].sort());
      if (search !== undefined) filter.set(search);
      return search;
    },

    /** Lists only failed loops. */
    showFailed: () => async () => {
      filter.set(FAILED);
      await vscode.commands.executeCommand('loopSupervisor.loops.focus');
    },

    groupFinished: () => async (grouping) => {
      const given = GROUPINGS.find((item) => item.grouping === grouping);
      const answer =
        given ??
        (await askItem({
          title: 'Group Finished Loops',
          placeholder: 'How the view groups finished loops',
          items: GROUPINGS,
          active: GROUPINGS.find((item) => item.grouping === filter.grouping),
        }));
      if (answer === undefined || answer === BACK) return undefined;
      await filter.setOptions({ grouping: answer.grouping });
      return answer.grouping;
    },

    hideCancelled: () => () => filter.setOptions({ hideCancelled: true }),
    showCancelled: () => () => filter.setOptions({ hideCancelled: false }),

    /** Marks all finished loops as read. */
    markAllRead: () => () => marks.markAllRead(Date.now()),
  };
}

/** A list with check boxes; typed text must occur. `undefined`: dismissed. */
function askFilter(search: string, agents: readonly string[]): Promise<string | undefined> {
  const items: FilterItem[] = [
    { label: 'state', kind: vscode.QuickPickItemKind.Separator },
    { label: '$(error) Failed', term: FAILED, state: 'failed', alwaysShow: true },
    { label: '$(pass) Completed', term: 'state:completed', state: 'completed', alwaysShow: true },
    { label: '$(circle-slash) Cancelled', term: 'state:cancelled', state: 'cancelled', alwaysShow: true },
    { label: 'folder', kind: vscode.QuickPickItemKind.Separator },
    { label: '$(folder) This Workspace', term: 'folder:here', alwaysShow: true },
    { label: 'agent', kind: vscode.QuickPickItemKind.Separator },
    ...agents.map((agent) => ({
      label: `$(hubot) ${agent}`,
      term: `agent:${/\s/.test(agent) ? `"${agent}"` : agent}`,
      alwaysShow: true,
    })),
  ];
  const pick = vscode.window.createQuickPick<FilterItem>();
  pick.title = 'Filter Finished Loops';
  pick.placeholder = 'Choose what to list, or type text to find';
  pick.canSelectMany = true;
  pick.items = items;
  pick.selectedItems = items.filter((item) => hasTerm(search, item));
  pick.value = textBeside(search, items);
  return new Promise((resolve) => {
    let answer: string | undefined;
    pick.onDidAccept(() => {
      answer = searchOf(pick.selectedItems, pick.value);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(answer);
      pick.dispose();
    });
    pick.show();
  });
}
