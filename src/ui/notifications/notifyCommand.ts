import type { SupervisorEvent } from '../../core/model/event.ts';
import type { Config } from '../settings/config.ts';
import type { ViewDeps } from '../webviewHost/viewDeps.ts';
import { claimEvents, EventTurns } from '../window/eventClaims.ts';
import { eventPayload } from './eventPayload.ts';
import { type NoticeKind, noticeKind } from './notificationTexts.ts';

/**
 * Runs the user's command for each notice, for example to reach a phone or a chat. One host runs it for all (R10.2).
 */
export function runNotifyCommand(
  { host, notify, log }: Pick<ViewDeps, 'host' | 'notify' | 'log'>,
  config: Config,
): { dispose(): void } {
  const turns = new EventTurns(host);
  const run = async (kind: NoticeKind, event: SupervisorEvent) => {
    const command = config.notifyCommand;
    if (command.length === 0 || (await claimEvents(host, 'command', [event])).length === 0) return;
    await notify(command, eventPayload(kind, event, await titleOf(host, event)));
  };
  const listener = host.onEvent((event) => {
    const kind = noticeKind(event);
    if (!kind || config.notifyCommand.length === 0) return;
    const failed = (error: unknown) => log.error('notifications.command could not be run.', error as Error);
    turns.take(event, () => void run(kind, event).catch(failed));
  });
  return {
    dispose: () => {
      listener.dispose();
      turns.dispose();
    },
  };
}

async function titleOf(host: ViewDeps['host'], event: SupervisorEvent): Promise<string | undefined> {
  if (!('loopId' in event) || event.loopId === undefined) return undefined;
  return (await host.current?.find(event.loopId))?.title;
}
