import type { StopBy } from '../../core/model/attempt.ts';

/**
 * Who may have a run stopped. Their order gives the exit codes of guardians: what is new comes last.
 */
const STOPPERS: { readonly [by in StopBy]: true } = {
  user: true,
  shutdown: true,
  budget: true,
  cap: true,
  restart: true,
  timeout: true,
  hung: true,
  'output-limit': true,
  unattended: true,
  ended: true,
  refused: true,
  memory: true,
  asking: true,
  partition: true,
};

export const STOPS = Object.keys(STOPPERS) as readonly StopBy[];
