import type { AgentEvent } from '../../../src/core/model/agentEvent.ts';
import type { AgentProfile } from '../../../src/core/ports/agents.ts';
import type { FakeClock } from '../fakeClock.ts';
import type { FakeRun } from '../fakeLauncher.ts';
import { fakeProfile } from '../harness.ts';
import type { Seeded } from '../seeded.ts';
import type { Troubles } from './troubles.ts';

/** How a loop would go if nothing else were in its way. */
export type Nature =
  /** Its work gets done. */
  | 'good'
  /** Its first attempt crashes. */
  | 'flaky'
  /** It crashes each time, at once or after a while. */
  | 'doomed'
  | 'slowlyDoomed'
  /** It asks what nobody can answer. */
  | 'asks'
  /** It costs more than its own cap. */
  | 'dear';

/** What is left to do of a loop, in whatever attempt. */
export interface Work {
  readonly nature: Nature;
  /** Turns that are left. */
  turns: number;
  /** What a turn costs, 10⁻⁹ USD. */
  readonly turnCost: number;
  attempts: number;
}

const MINUTE = 60_000;
const TURN_MS = 3 * MINUTE;
/** The dearest turn, 10⁻⁹ USD. */
export const DEAREST_TURN = 150_000_000;

const paid = { hasCost: true, canResume: true } as const;

/** Five agents of four accounts: one that holds itself to its cap, two that are watched, two that are not. */
export const PROFILES: readonly AgentProfile[] = [
  worker('claude', { ...paid, account: 'anthropic', capsItself: true }),
  worker('claude-fast', { ...paid, account: 'anthropic' }),
  worker('gemini', { ...paid, account: 'google' }),
  worker('codex', { ...paid, account: 'openai', spending: 'atEnd' }),
  worker('make', { account: 'make', spending: 'never' }),
];

/** Plays the agents: what their runs say and how they end, with what is wrong at that time. */
export class Workers {
  /** By loop id. */
  readonly work = new Map<string, Work>();
  readonly #clock: FakeClock;
  readonly #troubles: Troubles;
  readonly #random: Seeded;

  constructor(clock: FakeClock, troubles: Troubles, random: Seeded) {
    this.#clock = clock;
    this.#troubles = troubles;
    this.#random = random;
  }

  /** A run was launched. */
  begin(run: FakeRun): void {
    const work = this.work.get(run.loopId);
    const profile = PROFILES.find(({ name }) => name === run.request?.plan.command);
    if (!work || !profile) throw new Error(`Nobody knows ${run.loopId}.`);
    work.attempts++;
    const { name } = profile;
    const account = profile.account ?? name;
    setImmediate(() => {
      if (!run.alive || this.#isKept(run, name, account)) return;
      run.start();
      if (profile.canResume) run.say({ type: 'session', sessionId: `of-${run.loopId}` });
      this.#clock.after(TURN_MS, () => this.#turn(run, work, profile, 0));
    });
  }

  /** Ends a run that cannot even begin. */
  #isKept(run: FakeRun, name: string, account: string): boolean {
    const now = this.#clock.elapsed;
    if (this.#troubles.at(now, 'program', name))
      run.end({ kind: 'spawn', exit: {}, error: `${name} was not found on the PATH` });
    else if (this.#troubles.at(now, 'machine'))
      run.end({ kind: 'void', exit: {}, trouble: 'machine', error: 'no more processes can be started' });
    else if (this.#troubles.at(now, 'config', name)) this.#refuse(run, 'config', 'unknown option --yolo');
    else return this.#isRefused(run, account);
    return true;
  }

  /** Ends a run that its account or provider does not serve. */
  #isRefused(run: FakeRun, account: string): boolean {
    const now = this.#clock.elapsed;
    const limit = this.#troubles.at(now, 'limit', account);
    if (this.#troubles.at(now, 'logout', account)) this.#refuse(run, 'auth', 'Please run /login');
    else if (this.#troubles.at(now, 'billing', account)) this.#refuse(run, 'billing', 'Your credit is too low');
    else if (this.#troubles.at(now, 'outage', account)) this.#refuse(run, 'provider', '529 Overloaded');
    else if (limit) {
      const until = this.#clock.now() + limit.to - now;
      run.end({ says: [{ type: 'limit', until, reason: 'usage limit reached' }], exit: { exitCode: 1 } });
    } else if (this.#troubles.at(now, 'unnamedLimit', account))
      run.end({ says: [{ type: 'limit', reason: 'usage limit reached' }], exit: { exitCode: 1 } });
    else return false;
    return true;
  }

  /** The end of a turn, of which `taken` came before it in this attempt. */
  #turn(run: FakeRun, work: Work, profile: AgentProfile, taken: number): void {
    const { name, account = name, spending } = profile;
    if (!run.alive || this.#isRefused(run, account)) return;
    const cost = (turns: number): AgentEvent[] =>
      turns === 0 ? [] : [{ type: 'cost', cost: turns * work.turnCost, source: 'reported' }];
    const unsaid = (turns: number) => (spending === 'atEnd' ? cost(turns) : []);
    const crash = crashOf(work, taken);
    if (crash) {
      run.end({ says: unsaid(taken), ...crash });
      return;
    }
    if (work.nature !== 'slowlyDoomed') work.turns--;
    run.say({ type: 'text', text: 'One more step.', delta: false }, ...(spending === 'live' ? cost(1) : []));
    const cap = Number(run.request?.plan.args[0] ?? Number.POSITIVE_INFINITY);
    const isSpent = profile.capsItself && (taken + 1) * work.turnCost >= cap;
    if (work.turns === 0) run.end({ says: [...unsaid(taken + 1), { type: 'end', ok: true }] });
    else if (isSpent) this.#refuse(run, 'budget', 'the maximum cost was reached');
    else {
      const pause = this.#random.between(TURN_MS / 2, 2 * TURN_MS);
      this.#clock.after(pause, () => this.#turn(run, work, profile, taken + 1));
    }
  }

  #refuse(run: FakeRun, cause: 'auth' | 'billing' | 'provider' | 'config' | 'budget', reason: string): void {
    run.end({ says: [{ type: 'end', ok: false, reason, cause }], exit: { exitCode: 1 } });
  }
}

/** How a loop of that nature ends by itself after so many turns, where it does. */
function crashOf({ nature, attempts }: Work, taken: number): Parameters<FakeRun['end']>[0] {
  if (nature === 'asks') return { exit: { signal: 'SIGTERM' }, stoppedBy: 'hung', asked: 'Which database?' };
  if (nature === 'doomed' || (nature === 'slowlyDoomed' && taken === 3))
    return { exit: { exitCode: 1 }, errorLine: 'cannot find module' };
  return nature === 'flaky' && attempts === 1 ? { exit: { signal: 'SIGSEGV' } } : undefined;
}

/** An agent whose run knows the cap that it was given. */
function worker(name: string, facts: Partial<AgentProfile>): AgentProfile {
  return fakeProfile(name, {
    ...facts,
    plan: ({ prompt, costLeft }) => ({
      command: name,
      args: costLeft === undefined ? [] : [String(costLeft)],
      env: {},
      stdin: prompt,
      stopSteps: [{ signal: 'SIGTERM', share: 1 }],
    }),
  });
}
