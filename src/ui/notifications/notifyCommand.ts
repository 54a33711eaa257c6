import type { SupervisorEvent } from '../../core/model/event.ts';
import type { Config } from '../settings/config.ts';
import type { ViewDeps } from '../webviewHost/viewDeps.ts';
import { eventPayload } from './eventPayload.ts';
import { noticeKind } from './notificationTexts.ts';

/** Runs the user's command for each notice, for example to reach a phone or a chat. */
export function runNotifyCommand(
  { host, notify, log }: Pick<ViewDeps, 'host' | 'notify' | 'log'>,
  config: Config,
): { dispose(): void } {
  return host.onEvent((event) => {
    const kind = noticeKind(event);
    const command = config.notifyCommand;
    if (!kind || command.length === 0) return;
    titleOf(host, event)
      .then((title) => notify(command, eventPayload(kind, event, title)))
      .catch((error: unknown) => log.error('notifications.command could not be run.', error as Error));
  });
}

async function titleOf(host: ViewDeps['host'], event: SupervisorEvent): Promise<string | undefined> {
  if (!('loopId' in event) || event.loopId === undefined) return undefined;
  return (await host.current?.find(event.loopId))?.title;
}
