import type { SupervisorEvent } from '../../core/model/event.ts';
import type { Config } from '../settings/config.ts';
import { claimEvents, EventTurns } from '../window/eventClaims.ts';
import type { SupervisorHost } from '../window/supervisorHost.ts';
import { eventPayload } from './eventPayload.ts';
import { type NoticeKind, noticeKind } from './notificationTexts.ts';

/** What it needs of a host: a window's, or the headless one (R15.1). */
export interface NotifyDeps {
  readonly host: Pick<SupervisorHost, 'current' | 'onEvent'>;
  notify(command: readonly string[], event: object): Promise<boolean>;
  readonly log: { error(message: string, error: Error): void };
}

/**
 * Runs the user's command for each notice, for example to reach a phone or a chat. One host runs it for all (R10.2).
 */
export function runNotifyCommand(
  { host, notify, log }: NotifyDeps,
  config: Pick<Config, 'notifyCommand'>,
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

async function titleOf(host: NotifyDeps['host'], event: SupervisorEvent): Promise<string | undefined> {
  if (!('loopId' in event) || event.loopId === undefined) return undefined;
  return (await host.current?.find(event.loopId))?.title;
}
