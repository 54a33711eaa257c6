/** What a prompt asks the sample agent to do. Times in seconds, costs in USD. */
export interface Directives {
  /** It ends at once. */
  readonly quick: boolean;
  /** How long it works. */
  readonly seconds: number | undefined;
  readonly costUsd: number | undefined;
  /** It reports that its task failed. */
  readonly fail: boolean;
  /** Its exit code, with `fail`. */
  readonly exitCode: number;
  /** It dies of SIGKILL halfway through. */
  readonly crash: boolean;
  /** It falls silent and does not end by itself. */
  readonly hang: boolean;
  readonly ignoreSigterm: boolean;
  /** Children that live on, the first with a child and a grandchild of its own. */
  readonly spawn: number;
  /** Megabytes of output. */
  readonly floodMegabytes: number;
  /** Its usage window is used up for this long. */
  readonly limitSeconds: number | undefined;
  /** A tool call is denied. */
  readonly denied: boolean;
  /** How many times it asks before it uses a tool. */
  readonly asks: number;
  /** It asks for a decision in its first step. */
  readonly chooses: boolean;
  /** Its provider is overloaded: it tries again, then gives up. */
  readonly overload: boolean;
  /** It has no valid login. */
  readonly auth: boolean;
  /** It repeats the whole prompt. */
  readonly echo: boolean;
  /** It edits `sample-work.md` in its folder; the run of this number, and later ones, finish it. */
  readonly finishInRun: number | undefined;
  /** It changes nothing, run after run. */
  readonly stuck: boolean;
  /** Every run leaves a lower score than the one before. */
  readonly worse: boolean;
  /** What goes wrong does so only in the first run of the session. */
  readonly once: boolean;
}

const LONGEST_SECONDS = 24 * 60 * 60;

/** The directives in a prompt: words in square brackets, with a number where one is needed. Other brackets are text. */
export function readDirectives(prompt: string): Directives {
  const found = new Map<string, number | undefined>();
  for (const [, name, value] of prompt.matchAll(/\[([a-z-]+)(?:\s+(\d+(?:\.\d+)?))?\]/g)) {
    if (name !== undefined && !found.has(name)) found.set(name, value === undefined ? undefined : Number(value));
  }
  const number = (name: string, most: number, fallback?: number) =>
    found.has(name) ? Math.min(found.get(name) ?? fallback ?? 0, most) : undefined;
  return {
    quick: found.has('quick'),
    seconds: number('slow', LONGEST_SECONDS, 30),
    costUsd: number('cost', 1_000_000),
    fail: found.has('fail'),
    exitCode: Math.trunc(number('fail', 255, 1) ?? 1),
    crash: found.has('crash'),
    hang: found.has('hang'),
    ignoreSigterm: found.has('ignore-sigterm'),
    spawn: Math.trunc(number('spawn', 50, 2) ?? 0),
    floodMegabytes: number('flood', 10_000, 10) ?? 0,
    limitSeconds: number('limit', 30 * LONGEST_SECONDS, 60),
    denied: found.has('denied'),
    asks: Math.trunc(number('ask', 20, 1) ?? 0),
    chooses: found.has('choose'),
    overload: found.has('overload'),
    auth: found.has('auth'),
    echo: found.has('echo'),
    finishInRun: number('finish', 1_000, 1),
    stuck: found.has('stuck'),
    worse: found.has('worse'),
    once: found.has('once'),
  };
}

/** The directives alone, as text: what a session remembers of its prompt. */
export function directivesIn(prompt: string): string {
  return (prompt.match(/\[[a-z-]+(?:\s+\d+(?:\.\d+)?)?\]/g) ?? []).slice(0, 100).join(' ');
}
