import type { AgentEvent, Json, ProcessExit } from '../../../src/core/model/agentEvent.ts';
import type { SessionBefore } from '../../../src/core/ports/agents.ts';
import { ofType, readAll, readerOf, recording } from './streams.ts';

/** Reads messages and then the end. */
export function read(
  agent: string,
  messages: readonly object[],
  exit: ProcessExit = { exitCode: 0 },
  stderr = '',
  before?: SessionBefore,
): AgentEvent[] {
  const reader = readerOf(agent, undefined, before);
  return [...messages.flatMap((message) => reader.line(JSON.stringify(message))), ...reader.end(exit, stderr)];
}

/** The state after all of a recording was read. */
export function stateAfter(name: string, before?: SessionBefore): Json {
  const run = recording(name);
  const reader = readerOf(run.agent, undefined, before);
  readAll(run, reader);
  return reader.state();
}

/** The verdict that counts. */
export function verdictOf(events: readonly AgentEvent[]) {
  return ofType(events, 'end').at(-1);
}

/** The cause of a failure; `ok` when it is none. */
export function causeIn(events: readonly AgentEvent[]): string | undefined {
  const end = verdictOf(events);
  return end?.ok === true ? 'ok' : end?.cause;
}
