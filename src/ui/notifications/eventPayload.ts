import type { SupervisorEvent } from '../../core/model/event.ts';
import { type NoticeKind, noticeOf } from './notificationTexts.ts';

/** The input of `notifications.command`: the event, with a title and a sentence for people. */
export function eventPayload(kind: NoticeKind, event: SupervisorEvent, title: string | undefined): object {
  const notice = noticeOf(kind, [event], () => title ?? '', event.at);
  return { ...event, kind, ...(title !== undefined && { title }), message: notice?.message ?? event.type };
}
