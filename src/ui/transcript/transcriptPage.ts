import * as vscode from 'vscode';
import type { LoopTarget } from '../webviewHost/loopTarget.ts';
import { openFile } from '../webviewHost/openFile.ts';
import type { ViewDeps } from '../webviewHost/viewDeps.ts';
import type { PanelContent, PanelHandle } from '../webviewHost/webviewPanels.ts';
import { AwayOutput } from './awayOutput.ts';
import { outputTitle } from './outputTitle.ts';
import type { FromView, ToView } from './protocol.ts';
import { requestOf } from './requests.ts';
import { TranscriptSession } from './transcriptSession.ts';

/** The content of an output panel. */
export function transcriptPage(deps: ViewDeps, target: LoopTarget, panel: PanelHandle): PanelContent {
  const { loopId, seq } = target;
  const away = new AwayOutput({
    fetch: async (token) => (await deps.host.ready()).fetchOutput({ loopId, seq, token }),
    paths: (token) => deps.host.current?.copiedOutput(token) ?? deps.logs(token),
    clock: deps.clock,
    changed: () => session.changed(),
  });
  const session = new TranscriptSession({
    detail: async () => deps.host.current?.get(loopId, seq),
    paths: (token) => deps.logs(token),
    away: (detail) => away.of(detail),
    profile: (agent) => deps.profile(agent),
    clock: deps.clock,
    post: (message) => {
      if (message.type === 'header') panel.setTitle(outputTitle(loopId, message.header.title));
      panel.post(message);
    },
    onError: (error) => deps.log.error(`The output of loop ${loopId} could not be read.`, error as Error),
  });
  const open = async ({ path, line, column }: Extract<FromView, { type: 'openFile' }>) => {
    const loop = await deps.host.current?.find(loopId, seq);
    await openFile(path, loop?.cwd ?? '/', line, column);
  };
  const beat = deps.pulse.onBeat(() => session.changed());
  // After a window reload the panel exists before the store is open.
  const opened = deps.host.onDidChangeState((state) => state.kind === 'ready' && session.handle({ type: 'latest' }));
  return {
    receive(message) {
      const request = requestOf(message);
      if (!request) return;
      if (request.type === 'openFile') void open(request);
      else if (request.type === 'command')
        void vscode.commands.executeCommand(`loopSupervisor.${request.command}`, target);
      else if (deps.host.current) session.handle(request);
      else panel.post({ type: 'gone', text: deps.host.notReady ?? '' } satisfies ToView);
    },
    setVisible: (visible) => {
      session.setVisible(visible);
      away.setVisible(visible);
    },
    dispose() {
      beat.dispose();
      opened.dispose();
      session.dispose();
      away.dispose();
    },
  };
}
