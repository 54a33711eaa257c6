import type { Settings } from '../../core/model/settings.ts';
import { backoffCeilingMs } from '../../core/policy/backoff.ts';
import { formatDuration } from '../text/format.ts';

/** A problem of a setting. `key` is its name without `loopSupervisor.`; `message` is a sentence. */
export interface SettingProblem {
  readonly key: string;
  readonly message: string;
}

/** Settings that are valid alone but contradict each other. */
export function contradictions(s: Settings): SettingProblem[] {
  const problems: SettingProblem[] = [];
  const say = (key: string, message: string) => problems.push({ key, message });
  let waits = 0;
  for (let n = 1; n <= s.restart.maxRestarts; n++) waits += backoffCeilingMs(n) / 2;
  if (waits >= s.restart.windowMs) {
    say(
      'restart.maxRestarts',
      `${s.restart.maxRestarts} restarts wait at least ${formatDuration(waits)} together, ` +
        `which does not fit restart.windowSeconds (${formatDuration(s.restart.windowMs)}): ` +
        'a loop that always fails would be restarted forever. Lower maxRestarts or widen the window.',
    );
  }
  if (s.circuit.halfOpenMaxProbes > s.maxConcurrent) {
    say(
      'circuitBreaker.halfOpenMaxProbes',
      `${s.circuit.halfOpenMaxProbes} probes cannot run at once, as maxConcurrent is ${s.maxConcurrent}.`,
    );
  }
  if (s.loopTimeoutMs > 0 && s.firstOutputTimeoutMs >= s.loopTimeoutMs) {
    say(
      'firstOutputTimeoutMinutes',
      `This has no effect: loopTimeoutMinutes (${formatDuration(s.loopTimeoutMs)}) stops the loop first. ` +
        'Set it lower, or to 0.',
    );
  }
  if (s.loopTimeoutMs > 0 && s.silenceTimeoutMs >= s.loopTimeoutMs) {
    say(
      'silenceTimeoutMinutes',
      `This has no effect: loopTimeoutMinutes (${formatDuration(s.loopTimeoutMs)}) stops the loop first. ` +
        'Set it lower, or to 0.',
    );
  }
  if (s.limits.totalMemory > 0 && s.limits.memory > s.limits.totalMemory) {
    say(
      'limits.memoryMegabytes',
      'This has no effect: it is more than limits.totalMemoryMegabytes, which holds for all loops together. ' +
        'Lower it, or raise the other.',
    );
  }
  if (s.maxLogBytes > s.retention.maxLogBytes) {
    say(
      'history.maxLogMegabytes',
      'It is less than output.maxLogMegabytes: the log of a single loop may not be kept. Raise it, or lower the other.',
    );
  }
  return problems;
}
