import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { treeItemOf } from '../../src/ui/tree/loopTreeItem.ts';
import type { RowSubject, TreeRow } from '../../src/ui/tree/treeRow.ts';

describe('rows of the tree, in VS Code', () => {
  const subjects: RowSubject[] = [
    { kind: 'loop', loopId: 'a', seq: 1 },
    { kind: 'more', parent: 'finished' },
  ];
  for (const subject of subjects) {
    it(`a click on a row (${subject.kind}) runs a command without arguments: VS Code forgets those when the row is drawn anew`, async () => {
      const words = { label: 'row', description: '', spoken: 'row', context: '' };
      const row: TreeRow = { id: 'row', subject, ...words, children: 'none', isLive: false };
      const { command } = treeItemOf(row);
      assert.deepEqual([command?.command, command?.arguments], ['loopSupervisor.openRow', undefined]);
      assert.ok((await vscode.commands.getCommands(true)).includes('loopSupervisor.openRow'));
    });
  }
});
