import type { AgentEvent } from '../../core/model/agentEvent.ts';
import { formatClock } from '../text/format.ts';
import { oneLine } from '../text/safeText.ts';
import { cleanText } from '../webviewHost/cleanText.ts';
import type { ItemBody } from './protocol.ts';

/** The line shown for an event; nothing for events shown elsewhere or not at all. */
export function noticeOf(event: AgentEvent, now: number): (ItemBody & { kind: 'notice' }) | undefined {
  switch (event.type) {
    case 'retry': {
      const of = event.maxAttempts === undefined ? '' : ` of ${event.maxAttempts}`;
      const attempt = event.attempt === undefined ? '' : ` (attempt ${event.attempt}${of})`;
      const delay = event.delayMs === undefined ? '' : `, again in ${Math.ceil(event.delayMs / 1000)} s`;
      return warning('Retry', `${oneLine(event.reason, 500)}${attempt}${delay}`);
    }
    case 'limit':
      return warning(
        'Usage limit',
        oneLine(event.reason, 500) + (event.until === undefined ? '' : ` (until ${formatClock(event.until, now)})`),
      );
    case 'denied':
      return warning('Permission denied', `${oneLine(event.tool, 60)}: ${oneLine(event.reason, 500)}`);
    case 'warning':
      return warning('Warning', oneLine(event.text, 1_000));
    case 'end':
      // A successful result adds nothing to the end of the attempt.
      return event.ok
        ? undefined
        : { kind: 'notice', level: 'error', label: 'Error', text: cleanText(event.reason.slice(0, 4_000)) };
    default:
      return undefined;
  }
}

function warning(label: string, text: string): ItemBody & { kind: 'notice' } {
  return { kind: 'notice', level: 'warning', label, text };
}
