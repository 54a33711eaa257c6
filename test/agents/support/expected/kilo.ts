import { ANSWER, CAT, type Expectation } from './expectation.ts';

/** What must be read from each recording of kilo. Made from the raw output, not by the readers. */
export const KILO: { readonly [recording: string]: Expectation } = {
  'kilo-noauth': {
    session: 'ses_dd68c3452ffedIjHjV3MsAb7Og',
    priced: [0, 0, 0, 0],
    end: 'config',
    reason: 'a provider without a login has no models: run "kilo auth login"',
  },
  'kilo-plain': { session: 'ses_dd94447bdffe0EX42BY8w5viWg', text: [ANSWER], usd: 0.009366, end: 'ok' },
  'kilo-sigterm-tool': { session: 'ses_dd94398ddffegBqI5WPYsKCtgf', unknown: true },
  'kilo-tool': {
    session: 'ses_dd9441004ffesNz0Yr8aP8OyYM',
    text: [ANSWER],
    tools: [['bash', CAT]],
    usd: 0.019407,
    end: 'ok',
  },
};
