import assert from 'node:assert/strict';
import type { AgentEvent } from '../../../src/core/model/agentEvent.ts';

const CAUSES = ['provider', 'auth', 'billing', 'config', 'session', 'budget', 'turns', 'aborted', 'task'];

/** Holds events to their types at run time: whatever an agent prints, the core gets nothing else. */
export function assertEvents(events: readonly AgentEvent[]): void {
  for (const event of events) {
    const why = JSON.stringify(event);
    switch (event.type) {
      case 'session':
        assert.ok(typeof event.sessionId === 'string' && event.sessionId !== '', why);
        break;
      case 'text':
        assert.ok(typeof event.text === 'string' && typeof event.delta === 'boolean', why);
        break;
      case 'toolCall':
        assert.ok(typeof event.name === 'string' && event.name !== '' && isLine(event.summary), why);
        break;
      case 'toolResult':
        assert.ok(typeof event.ok === 'boolean' && isLine(event.summary), why);
        break;
      case 'usage':
        for (const count of Object.values(event.tokens)) assert.ok(Number.isFinite(count) && count >= 0, why);
        break;
      case 'cost':
        assert.ok(Number.isSafeInteger(event.cost) && event.cost >= 0, why);
        assert.ok(event.earlier === undefined || (Number.isSafeInteger(event.earlier) && event.earlier > 0), why);
        assert.ok(['reported', 'priced', 'unknown'].includes(event.source), why);
        assert.ok(event.source === 'reported' || typeof event.note === 'string', why);
        assert.ok(event.atLeast === undefined || event.atLeast, why);
        break;
      case 'retry':
        assert.ok(event.cause === undefined || CAUSES.includes(event.cause), why);
        for (const count of [event.attempt, event.maxAttempts, event.delayMs])
          assert.ok(count === undefined || Number.isFinite(count), why);
        assert.ok(isLine(event.reason), why);
        break;
      case 'account':
        assert.ok(event.pays === 'login' || (event.pays === 'key' && isLine(event.from)), why);
        break;
      case 'background':
        assert.ok(typeof event.id === 'string' && typeof event.open === 'boolean' && isLine(event.name), why);
        break;
      case 'accrued':
        assert.ok(Number.isSafeInteger(event.cost) && event.cost >= 0, why);
        break;
      case 'window':
        assert.ok(isLine(event.name) && (event.used === undefined || (event.used >= 0 && event.used <= 1)), why);
        assert.ok(event.resetsAt === undefined || Number.isFinite(event.resetsAt), why);
        break;
      case 'limit':
        assert.ok(event.until === undefined || Number.isFinite(event.until), why);
        break;
      case 'denied':
        assert.ok(typeof event.tool === 'string' && isLine(event.reason), why);
        break;
      case 'warning':
        assert.ok(isLine(event.text, 600), why);
        break;
      case 'end':
        assert.ok(event.ok ? !('cause' in event) : CAUSES.includes(event.cause) && isLine(event.reason, 1_200), why);
        break;
    }
  }
}

function isLine(text: unknown, longest = 400): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none.
  return typeof text === 'string' && text.length <= longest && !/[\u0000-\u001f\u007f]/.test(text);
}
