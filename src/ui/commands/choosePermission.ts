import type { KnownAgent } from '../agentCheck/agentChecks.ts';
import type { CommandContext } from './commandTable.ts';
import { askItem, BACK } from './prompts.ts';

/**
 * Asks what an agent may do without asking, in plain words, and writes the answer to `loopSupervisor.agents`. Agents
 * without such an option are not asked about. Returns false if the user dismissed it.
 */
export async function choosePermission(ctx: CommandContext, { name, modes }: KnownAgent): Promise<boolean> {
  if (!modes || modes.values.length < 2) return true;
  const items = modes.values.map(({ value, meaning }) => ({
    label: plain(meaning),
    description: [value === modes.value && 'as now', value].filter(Boolean).join(' · '),
    value,
  }));
  const answer = await askItem({
    title: `What may ${name} do without asking?`,
    placeholder: 'What it may do while you are away. You can change this at any time.',
    items,
    active: items.find(({ value }) => value === modes.value),
    ignoreFocusOut: true,
  });
  if (answer === undefined || answer === BACK) return false;
  if (answer.value !== modes.value) await ctx.config.setAgentOption(name, modes.option, answer.value);
  return true;
}

/** A meaning such as `It reads and plans, and changes nothing.` as a choice: `Reads and plans, and changes nothing`. */
export function plain(meaning: string): string {
  const text = meaning.replace(/^It /, '').replace(/\.$/, '');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
