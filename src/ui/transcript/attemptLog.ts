import type { AttemptDetail, LoopDetail } from '../../core/model/loopDetail.ts';
import type { AgentProfile } from '../../core/ports/agents.ts';
import { cleanText } from '../webviewHost/cleanText.ts';
import { readTail } from './logFile.ts';
import { AFTER, BEFORE, STDERR, type TranscriptItem } from './protocol.ts';

const STDERR_SHOWN = 8_000;
const PROMPT_SHOWN = 20_000;

/** Paths of the files with standard output and standard error of an attempt. */
export interface LogPaths {
  readonly out: string;
  readonly err: string;
  /** False while more of an attempt of another machine is to come, though it may have ended (R16.8). */
  readonly isComplete?: boolean;
}

/** An attempt, with what is needed to read its output. */
export interface AttemptLog extends LogPaths {
  readonly attempt: AttemptDetail;
  /** Its output is complete. */
  readonly ended: boolean;
  readonly agent: string;
  /** Absent if the profile no longer exists: the output is then shown raw. */
  readonly profile: AgentProfile | undefined;
}

/** Plain output is shown raw: only structured streams are known to contain Markdown. */
export function isPlain(log: AttemptLog): boolean {
  return !log.profile?.needsReading;
}

export function attemptLogs(
  detail: LoopDetail,
  paths: (token: string) => LogPaths,
  profile: AgentProfile | undefined,
): AttemptLog[] {
  return detail.attempts.map((attempt) => {
    const { out, err, isComplete = true } = paths(attempt.token);
    const ended = attempt.endedAt !== undefined && isComplete;
    return { attempt, ended, agent: detail.loop.agent, profile, out, err };
  });
}

export function promptItem(prompt: string): TranscriptItem {
  const at = { attempt: 0, offset: BEFORE };
  const more = Math.max(0, prompt.length - PROMPT_SHOWN);
  return {
    key: 'prompt',
    from: at,
    to: { attempt: 1, offset: BEFORE },
    n: 0,
    kind: 'prompt',
    text: cleanText(prompt.slice(0, PROMPT_SHOWN)),
    more,
  };
}

export function headingItem({ attempt, agent }: AttemptLog): TranscriptItem {
  const { number } = attempt;
  return {
    key: `${number}:start`,
    from: { attempt: number, offset: BEFORE },
    to: { attempt: number, offset: 0 },
    n: 0,
    kind: 'attempt',
    number,
    agent,
    startedAt: attempt.startedAt,
    resumed: attempt.resumed,
    ...(attempt.sessionId === undefined ? {} : { sessionId: attempt.sessionId }),
    ...(attempt.pid === undefined ? {} : { pid: attempt.pid }),
  };
}

/** How the attempt ended; nothing while it runs. */
export function endItem({ attempt }: AttemptLog): TranscriptItem | undefined {
  const { number, endedAt, outcome } = attempt;
  if (endedAt === undefined || outcome === undefined) return undefined;
  return {
    key: `${number}:end`,
    from: { attempt: number, offset: AFTER },
    to: { attempt: number + 1, offset: BEFORE },
    n: 0,
    kind: 'end',
    number,
    outcome,
    reason: cleanText(attempt.reason ?? ''),
    at: endedAt,
    tookMs: Math.max(0, endedAt - attempt.startedAt),
    usd: attempt.cost.usd,
    estimated: attempt.cost.source === 'estimated',
    swept: attempt.swept.length,
    kept: attempt.kept.length,
    remaining: attempt.remaining.length,
  };
}

/** The end of standard error; nothing if it is empty. */
export async function stderrItem({
  attempt,
  err,
}: AttemptLog): Promise<(TranscriptItem & { kind: 'stderr' }) | undefined> {
  const { text, size } = await readTail(err, STDERR_SHOWN);
  if (size === 0) return undefined;
  const at = { attempt: attempt.number, offset: STDERR };
  return {
    key: `${attempt.number}:err`,
    from: at,
    to: at,
    n: 0,
    kind: 'stderr',
    text: cleanText(text).trimEnd(),
    bytes: size,
  };
}
