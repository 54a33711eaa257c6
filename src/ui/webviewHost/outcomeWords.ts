/** Outcomes of attempts in words. */
export function outcomeWord(outcome: string): string {
  return WORDS[outcome] ?? outcome;
}

const WORDS: { readonly [outcome: string]: string } = {
  ok: 'completed',
  cancelled: 'cancelled',
  interrupted: 'interrupted',
  exit: 'failed: exit code',
  signal: 'failed: ended by a signal',
  timeout: 'failed: timeout',
  hung: 'failed: silent for too long',
  spawn: 'failed: could not start',
  agent: 'failed: agent error',
  'output-limit': 'failed: too much output',
  memory: 'failed: out of memory',
  asks: 'stopped: it waited for an answer',
  lost: 'failed: lost',
};

/** Three kinds of outcomes, for symbols and colours, which always come with words. */
export function outcomeTone(outcome: string): 'good' | 'bad' | 'neutral' {
  return outcome === 'ok' ? 'good' : outcome === 'cancelled' || outcome === 'interrupted' ? 'neutral' : 'bad';
}
