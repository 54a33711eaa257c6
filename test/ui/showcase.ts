import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Prompts as people write them. The first is worked on for longer, and the last one fails. */
export const PROMPTS = [
  'Retry failed webhooks with a growing delay',
  'Find out why the nightly import is slow',
  'Write tests for the invoice totals',
  'Rename customerId to accountId everywhere',
] as const;

/** The project that the prompts are about. */
export const FILES = {
  'src/webhooks.ts':
    'export async function deliver(hook: Webhook): Promise<void> {\n  const answer = await post(hook.url, hook.body);\n  if (!answer.ok) throw new DeliveryError(hook.id, answer.status);\n}\n',
};

/** Stands in for Claude Code in pictures: says what it would say about `PROMPTS`, line by line. */
const PROGRAM = `
import { setTimeout as sleep } from 'node:timers/promises';
let prompt = '';
for await (const chunk of process.stdin) prompt += chunk;
prompt = prompt.trim();
const number = ${JSON.stringify(PROMPTS)}.indexOf(prompt);
const session_id = process.argv[process.argv.indexOf('--session-id') + 1];
const say = (line) => process.stdout.write(JSON.stringify({ ...line, session_id }) + '\\n');
const text = (text) => say({ type: 'assistant', message: { id: 'msg_' + Math.random(), role: 'assistant', content: [{ type: 'text', text }] } });
let calls = 0;
async function call(name, input, content) {
  const id = 'toolu_' + ++calls;
  say({ type: 'assistant', message: { id: 'msg_' + id, role: 'assistant', content: [{ type: 'tool_use', id, name, input }] } });
  await sleep(500);
  say({ type: 'user', message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content }] } });
}
say({ type: 'system', subtype: 'init', model: 'claude-sonnet-5', cwd: process.cwd(), tools: ['Read', 'Edit', 'Bash', 'Grep'] });
if (number === 0) {
  text('I will look at how webhooks are delivered, and where a failure ends up.');
  await call('Grep', { pattern: 'DeliveryError', path: 'src' }, 'src/webhooks.ts:3\\nsrc/queue.ts:41');
  await call('Read', { file_path: 'src/webhooks.ts' }, 'export async function deliver(hook: Webhook): Promise<void> {');
  text('A failed delivery is thrown away. I let it try five times, and wait twice as long after each.');
  await call('Edit', {
    file_path: 'src/webhooks.ts',
    old_string: '  const answer = await post(hook.url, hook.body);\\n  if (!answer.ok) throw new DeliveryError(hook.id, answer.status);',
    new_string: '  for (let attempt = 0; ; attempt++) {\\n    const answer = await post(hook.url, hook.body);\\n    if (answer.ok) return;\\n    if (attempt === 5) throw new DeliveryError(hook.id, answer.status);\\n    await sleep(1000 * 2 ** attempt);\\n  }',
  }, 'The file src/webhooks.ts has been updated.');
  await call('Bash', { command: 'npm test -- webhooks', description: 'Run the tests of webhooks' }, '14 passing (320ms)');
} else {
  text('I begin with the tests.');
  for (let i = 0; i < number + 1; i++) await call('Bash', { command: 'npm test', description: 'Run the tests' }, 'ok');
}
const failed = number === 3;
const total_cost_usd = [0.84, 0.37, 0.52, 0.11][number];
say({
  type: 'result', subtype: 'success', is_error: failed, total_cost_usd, num_turns: calls + 1, duration_ms: 60000,
  result: failed ? 'Two callers are in a package that is not here, so the name cannot be changed everywhere.' : 'Failed webhooks are tried again five times, after 1, 2, 4, 8 and 16 seconds. All 14 tests pass.',
  usage: { input_tokens: 18250, output_tokens: 2410 },
});
process.exitCode = failed ? 1 : 0;
`;

/** The setting that has this program run the prompts of the agent `claude`, which is put into that folder. */
export function showcaseAgent(folder: string): Record<string, unknown> {
  writeFileSync(join(folder, 'claude.mjs'), PROGRAM);
  const command = join(folder, 'claude');
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${join(folder, 'claude.mjs')}' "$@"\n`, {
    mode: 0o755,
  });
  return { claude: { extends: 'claude', command } };
}
