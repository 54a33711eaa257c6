import { parseArgs } from 'node:util';

/** The command line, read as far as the sample agent knows it. */
export interface SampleArguments {
  readonly help: boolean;
  readonly version: boolean;
  readonly sessionId?: string;
  readonly resume?: string;
  readonly maxBudgetUsd?: number;
  /** The folder for its questions to the user. */
  readonly asks?: string;
  readonly prompt?: string;
}

/** @throws TypeError for an option that it does not know. */
export function readArguments(argv: readonly string[]): SampleArguments {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      print: { type: 'boolean', short: 'p' },
      verbose: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
      'output-format': { type: 'string' },
      'session-id': { type: 'string' },
      resume: { type: 'string' },
      'max-budget-usd': { type: 'string' },
      asks: { type: 'string' },
    },
  });
  const budget = values['max-budget-usd'];
  return {
    help: values.help === true,
    version: values.version === true,
    ...(values['session-id'] !== undefined && { sessionId: values['session-id'] }),
    ...(values.resume !== undefined && { resume: values.resume }),
    ...(budget !== undefined && { maxBudgetUsd: Number(budget) }),
    ...(values.asks !== undefined && { asks: values.asks }),
    ...(positionals.length > 0 && { prompt: positionals.join(' ') }),
  };
}
