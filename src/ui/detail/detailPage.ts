import * as vscode from 'vscode';
import * as z from 'zod/mini';
import { isActive, isFinished, type Loop } from '../../core/model/loop.ts';
import type { LiveView } from '../../core/model/status.ts';
import { oneLine } from '../text/safeText.ts';
import type { LoopTarget } from '../webviewHost/loopTarget.ts';
import type { ViewDeps } from '../webviewHost/viewDeps.ts';
import type { PanelContent, PanelHandle } from '../webviewHost/webviewPanels.ts';
import { DetailSession } from './detailSession.ts';
import { openChanges, openFolder } from './loopFolder.ts';
import type { FromDetail } from './protocol.ts';

const request = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({
    type: z.literal('command'),
    command: z.enum([
      'showOutput',
      'cancel',
      'kill',
      'retry',
      'restart',
      'runNext',
      'takeOver',
      'submitAgain',
      'copyId',
      'copyPrompt',
      'editPrompt',
      'editAsNew',
      'continueRounds',
      'acceptAsIs',
      'rename',
      'reviewChanges',
      'mergeChanges',
      'continueWith',
    ]),
  }),
  z.object({
    type: z.literal('answer'),
    given: z.object({
      question: z.string(),
      choice: z.exactOptional(z.string()),
      replies: z.exactOptional(z.array(z.array(z.string()))),
      remember: z.exactOptional(z.enum(['loop', 'always'])),
    }),
  }),
  z.object({ type: z.literal('openLog'), attempt: z.int(), file: z.enum(['out', 'err']) }),
  z.object({ type: z.literal('openPrompt') }),
  z.object({ type: z.literal('openFolder') }),
  z.object({ type: z.literal('openChanges') }),
  z.object({ type: z.literal('copySession'), attempt: z.int() }),
  z.object({ type: z.literal('reviewAttempt'), attempt: z.int() }),
  z.object({ type: z.literal('useRound'), round: z.int().check(z.gte(1)) }),
  z.object({ type: z.literal('endSpared'), pid: z.int().check(z.gte(1)) }),
]);

/** The content of the details panel. */
export function detailPage(deps: ViewDeps, target: LoopTarget, panel: PanelHandle): PanelContent {
  const { loopId, seq } = target;
  const { host } = deps;
  const detail = async () => host.current?.get(loopId, seq);
  /** Its place in the queue at the last look. */
  let reach = 0;
  const live = (loop: Loop): LiveView | undefined => {
    if (isFinished(loop)) return undefined;
    const look = (maxQueued: number) => host.current?.live(maxQueued).find((view) => view.loop.seq === seq);
    // Loops ahead of it first: it usually moves up, so the ones behind need not be read.
    const view = look(loop.state === 'queued' ? reach : 0) ?? look(Number.POSITIVE_INFINITY);
    reach = view?.position ?? 0;
    return view;
  };
  const session = new DetailSession({
    detail,
    live,
    logs: (token, isAway) => (isAway && host.current?.copiedOutput(token)) || deps.logs(token),
    isAlive: (process) => host.current?.isAlive(process) ?? false,
    isDemo: (agent) => deps.profile(agent)?.isDemo ?? false,
    // All running loops, though one is shown: CPU rates need two samples in a row, and the tree samples them all.
    usage: async (attempt) => {
      const running = (host.current?.live(0) ?? []).flatMap(({ loop }) => (isActive(loop) ? [loop.attempt] : []));
      return (await deps.usage(running)).get(attempt.token);
    },
    clock: deps.clock,
    post: (message) => {
      if (message.type === 'detail') panel.setTitle(oneLine(message.detail.title, 40));
      panel.post(message);
    },
    onError: (error) => deps.log.error(`The details of loop ${loopId} could not be read.`, error as Error),
  });
  const beat = deps.pulse.onBeat(() => session.changed());
  const opened = host.onDidChangeState((state) => state.kind === 'ready' && session.show());

  async function act(asked: Exclude<FromDetail, { type: 'ready' }>): Promise<void> {
    if (asked.type === 'openPrompt') {
      const document = await vscode.workspace.openTextDocument({
        language: 'markdown',
        content: (await detail())?.prompt ?? '',
      });
      await vscode.window.showTextDocument(document, { preview: true });
    } else if (asked.type === 'openFolder' || asked.type === 'openChanges') {
      const cwd = (await detail())?.loop.cwd;
      if (cwd !== undefined) await (asked.type === 'openFolder' ? openFolder(cwd) : openChanges(cwd, target));
    } else if (asked.type === 'copySession') {
      const session = (await detail())?.attempts.find(({ number }) => number === asked.attempt)?.sessionId;
      if (session !== undefined) await vscode.env.clipboard.writeText(session);
      vscode.window.setStatusBarMessage('$(check) The session id is in the clipboard', 5000);
    } else if (asked.type === 'reviewAttempt') {
      await vscode.commands.executeCommand('loopSupervisor.reviewChanges', target, { attempt: asked.attempt });
    } else if (asked.type === 'useRound') {
      await vscode.commands.executeCommand('loopSupervisor.useRound', target, asked.round);
    } else if (asked.type === 'openLog') {
      await vscode.commands.executeCommand('loopSupervisor.openLog', target, asked.attempt, asked.file);
      // What another machine has sent is here now.
      session.changed();
    } else if (asked.type === 'endSpared') {
      const ended = await (await host.ready()).endSpared(loopId, asked.pid, seq);
      if (!ended) void vscode.window.showInformationMessage(`Process ${asked.pid} is no longer there.`);
      session.changed();
    } else if (asked.type === 'answer') {
      await vscode.commands.executeCommand('loopSupervisor.answer', target, asked.given);
    } else await vscode.commands.executeCommand(`loopSupervisor.${asked.command}`, target);
  }

  return {
    receive(message) {
      const parsed = request.safeParse(message);
      if (!parsed.success) return;
      const asked: FromDetail = parsed.data;
      if (asked.type === 'ready') {
        if (host.current) session.show();
        else panel.post({ type: 'gone', text: host.notReady });
        return;
      }
      act(asked).catch(
        (error: unknown) => void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error)),
      );
    },
    setVisible: (visible) => session.setVisible(visible),
    dispose() {
      beat.dispose();
      opened.dispose();
      session.dispose();
    },
  };
}
