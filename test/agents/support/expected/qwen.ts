import { ANSWER, CAT, type Expectation } from './expectation.ts';

/** What must be read from each recording of qwen. Made from the raw output, not by the readers. */
export const QWEN: { readonly [recording: string]: Expectation } = {
  'qwen-401': {
    session: '66666666-2222-4333-8444-555555555534',
    text: ['[API Error: 401 Incorrect API key provided: dummy.]'],
    priced: [0, 0, 0, 0],
    end: 'auth',
    reason: 'Incorrect API key',
  },
  'qwen-404': {
    session: '66666666-2222-4333-8444-555555555701',
    text: ['[API Error: 404 The model `stub-1` does not exist or you do not have access to it.]'],
    priced: [0, 0, 0, 0],
    end: 'config',
    reason: 'does not exist',
  },
  'qwen-bad-flag': { end: 'config', reason: 'Unknown argument: nonsense' },
  'qwen-dash-stdin': {
    session: '66666666-2222-4333-8444-555555555540',
    text: [ANSWER],
    priced: [4536, 42000, 0, 126],
    end: 'ok',
  },
  'qwen-max-turns': {
    session: '88aadebf-1b44-4381-a798-04b238f78746',
    tools: [
      ['run_shell_command', CAT],
      ['run_shell_command', CAT],
    ],
    priced: [3024, 28000, 0, 174],
    atLeast: true,
    end: 'turns',
    reason: 'Reached max session turns',
  },
  'qwen-noauth': {
    session: '843342c5-47ac-4360-8ab5-b28654a8bb20',
    priced: [0, 0, 0, 0],
    end: 'auth',
    reason: 'No auth type is selected',
  },
  'qwen-plain': {
    session: '66666666-2222-4333-8444-555555555531',
    text: [ANSWER],
    priced: [3024, 28000, 0, 84],
    end: 'ok',
  },
  'qwen-resume': {
    session: '66666666-2222-4333-8444-555555555531',
    text: [ANSWER],
    tools: [['run_shell_command', CAT]],
    priced: [6048, 56000, 0, 213],
    end: 'ok',
  },
  'qwen-resume-unknown': { end: 'session', reason: 'No saved session found' },
  'qwen-session-id-reuse': { end: 'session', reason: 'already exists' },
  'qwen-sigint-tool': {
    session: '66666666-2222-4333-8444-555555555702',
    tools: [['run_shell_command', 'tail -f hello.txt | cat']],
    priced: [1512, 14000, 0, 87],
    atLeast: true,
  },
  'qwen-sigkill-tool': {
    session: '66666666-2222-4333-8444-555555555704',
    tools: [['run_shell_command', 'tail -f hello.txt | cat']],
    priced: [1512, 14000, 0, 87],
    atLeast: true,
  },
  'qwen-sigterm-tool': {
    session: '66666666-2222-4333-8444-555555555703',
    tools: [['run_shell_command', 'tail -f hello.txt | cat']],
    priced: [1512, 14000, 0, 87],
    atLeast: true,
  },
  'qwen-slash': {
    session: 'd9a93a99-b5ba-499f-b792-5e663626f0a1',
    text: ['No conversation found to summarize.'],
    priced: [0, 0, 0, 0],
    end: 'ok',
  },
  'qwen-tool': {
    session: '66666666-2222-4333-8444-555555555532',
    text: [ANSWER],
    tools: [['run_shell_command', CAT]],
    priced: [3024, 28000, 0, 129],
    end: 'ok',
  },
  'qwen-touch-denied': {
    session: '5a14bcde-2222-4333-8444-555555555804',
    text: [ANSWER],
    tools: [['agent', 'touch touched.txt']],
    priced: [3024, 28000, 0, 129],
    end: 'ok',
  },
};
