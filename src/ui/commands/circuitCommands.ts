import * as vscode from 'vscode';
import { openMachineSettings } from '../settings/config.ts';
import { count, formatClock, formatDuration } from '../text/format.ts';
import { oneLine } from '../text/safeText.ts';
import type { CommandTable } from './commandTable.ts';
import { askItem, BACK } from './prompts.ts';

interface Row extends vscode.QuickPickItem {
  act?(): unknown;
}

export const circuitCommands: CommandTable = {
  /** Closes the circuit by hand (R4.3). Answers its state afterwards. */
  resetCircuit: (ctx) => async () => {
    const supervisor = await ctx.host.ready();
    await supervisor.resetCircuit();
    return supervisor.status().circuitState;
  },

  /** Shows why the circuit is as it is, with what can be done. Answers its status. */
  showCircuit: (ctx) => async () => {
    const { circuit } = (await ctx.host.ready()).status();
    const now = Date.now();
    const reset: Row = {
      label: '$(debug-restart) Reset Circuit',
      description: circuit.state === 'closed' ? 'forgets the failures' : 'closes it now: loops start again',
      act: () => vscode.commands.executeCommand('loopSupervisor.resetCircuit'),
    };
    const left =
      circuit.state === 'open'
        ? `a probe goes through in ${formatDuration(Math.ceil(circuit.cooldownRemainingMs / 1000) * 1000)}`
        : '';
    const failures = `${count(circuit.consecutiveFailures, 'failure')} in a row${circuit.lastFailureAt === undefined ? '' : `, the last at ${formatClock(circuit.lastFailureAt, now)}`}`;
    const rows: Row[] = [
      ...(circuit.state === 'closed' && circuit.consecutiveFailures === 0 ? [] : [reset]),
      {
        label: '$(settings-gear) Open Settings',
        description: 'threshold, cool-down and probes',
        act: () => openMachineSettings('circuitBreaker'),
      },
      { label: '$(list-tree) Show Loops', act: () => vscode.commands.executeCommand('loopSupervisor.loops.focus') },
      ...(circuit.reasons.length === 0
        ? []
        : [{ label: 'last failures, newest first', kind: vscode.QuickPickItemKind.Separator }]),
      ...circuit.reasons.map((reason) => ({ label: `$(error) ${oneLine(reason, 160)}` })),
    ];
    const title = `Circuit ${circuit.state}: ${[left, failures].filter(Boolean).join(', ')}`;
    const answer = await askItem({ title, placeholder: 'What to do', items: rows });
    if (answer !== undefined && answer !== BACK) await answer.act?.();
    return circuit;
  },
};
