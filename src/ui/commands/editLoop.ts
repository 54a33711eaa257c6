import * as vscode from 'vscode';
import type { LoopDetail } from '../../core/model/loopDetail.ts';
import type { LoopEdit } from '../../core/model/loopSpec.ts';
import { toUsd } from '../../core/model/money.ts';
import { checkRequestOf } from '../../core/policy/checkSpec.ts';
import { oneLine } from '../text/safeText.ts';
import type { CommandContext } from './commandTable.ts';
import {
  agentStep,
  checkStep,
  type Draft,
  estimateStep,
  maxCostStep,
  priorityStep,
  type TextKey,
  titleStep,
} from './loopSteps.ts';
import { notEmpty } from './promptDraft.ts';
import { askItem, askText, BACK, type Step } from './prompts.ts';

/** Unsaved changes by loop, kept per workspace: leaving the form loses nothing. */
const KEY = 'edit.drafts';

interface Row extends vscode.QuickPickItem {
  readonly does: 'save' | 'discard' | 'editor' | Step<Draft>;
}

/** Shows all parts of a queued loop for editing and saves them in one transaction. Returns whether it was changed. */
export async function editLoop(ctx: CommandContext, detail: LoopDetail): Promise<boolean> {
  const { loopId } = detail;
  const start = draftOf(detail);
  let draft: Draft = { ...start, ...drafts(ctx)[loopId] };
  const title = `Edit “${oneLine(detail.loop.title, 50) || loopId}”`;
  for (;;) {
    const answer = await askItem<Row>({
      title,
      placeholder: 'Choose what to change. Nothing is saved until you choose Save.',
      items: rowsOf(ctx, draft, start),
      ignoreFocusOut: true,
    });
    if (answer === undefined || answer === BACK) return false;
    if (answer.does === 'discard') {
      await keep(ctx, loopId, undefined);
      return false;
    }
    if (answer.does === 'editor') {
      await ctx.queuedPrompts.open(
        loopId,
        draft.title || detail.loop.title,
        changes({ ...draft, prompt: start.prompt }, start),
      );
      await keep(ctx, loopId, undefined);
      return false;
    }
    if (answer.does === 'save') {
      await (await ctx.host.ready()).edit(loopId, changes(draft, start));
      await keep(ctx, loopId, undefined);
      vscode.window.setStatusBarMessage('$(check) The queued loop was changed', 5000);
      return true;
    }
    const next = await answer.does(draft, { title, back: true });
    if (next === undefined || next === BACK) continue;
    draft = next;
    await keep(ctx, loopId, isSame(draft, start) ? undefined : draft);
  }
}

function rowsOf(ctx: CommandContext, draft: Draft, start: Draft): Row[] {
  const changed = (is: boolean) => (is ? ' · changed' : '');
  const mark = (key: TextKey) => changed(draft[key] !== start[key]);
  const longPrompt = draft.prompt.includes('\n');
  const money = (value: string, none: string) => (value === '' ? none : `$${value}`);
  const rows: Row[] = [
    {
      label: '$(edit) Prompt',
      description: `${oneLine(draft.prompt, 60)}${mark('prompt')}`,
      does: longPrompt ? 'editor' : promptStep,
    },
    ...(longPrompt ? [] : [{ label: '$(go-to-file) Prompt in an Editor', does: 'editor' } as const]),
    { label: '$(hubot) Agent', description: `${draft.agent}${mark('agent')}`, does: agentStep(ctx) },
    { label: '$(arrow-up) Priority', description: `${draft.priority}${mark('priority')}`, does: priorityStep },
    {
      label: '$(tag) Title',
      description: `${draft.title || 'the first line of the prompt'}${mark('title')}`,
      does: titleStep,
    },
    {
      label: '$(credit-card) Cost Limit',
      description: `${money(draft.maxCost, 'none of its own')}${mark('maxCost')}`,
      does: maxCostStep,
    },
    {
      label: '$(graph) Estimate',
      description: `${money(draft.estimate, 'from this agent’s last loops')}${mark('estimate')}`,
      does: estimateStep,
    },
    {
      label: '$(checklist) Check',
      description: `${draft.check ? oneLine(draft.check.command, 60) : 'none'}${changed(!isSameCheck(draft, start))}`,
      does: checkStep(ctx),
    },
  ];
  if (isSame(draft, start)) return rows;
  return [
    { label: '$(check) Save', description: 'changes the queued loop', does: 'save' },
    ...rows,
    { label: '$(discard) Discard Changes', does: 'discard' },
  ];
}

const promptStep: Step<Draft> = async (soFar, place) => {
  const question = { prompt: 'The text for the agent.', placeholder: 'What should the agent do?', validate: notEmpty };
  const answer = await askText({ ...place, ...question, value: soFar.prompt });
  return typeof answer === 'string' ? { ...soFar, prompt: answer } : answer === BACK ? BACK : undefined;
};

function draftOf({ loop, prompt }: LoopDetail): Draft {
  const own = loop.title !== '' && !prompt.trimStart().startsWith(loop.title.replace(/…$/, ''));
  return {
    prompt,
    agent: loop.agent,
    folder: loop.cwd,
    priority: String(loop.priority),
    estimate: loop.estimateAssumed ? '' : String(toUsd(loop.estimate)),
    maxCost: loop.maxCost === undefined ? '' : String(toUsd(loop.maxCost)),
    title: own ? loop.title : '',
    ...(loop.check && { check: checkRequestOf(loop.check) }),
  };
}

/** The differences, as the supervisor expects them. */
function changes(draft: Draft, start: Draft): LoopEdit {
  const differs = (key: TextKey) => draft[key].trim() !== start[key].trim();
  const amount = (value: string) => (value.trim() === '' ? null : Number(value));
  return {
    ...(differs('prompt') && { prompt: draft.prompt }),
    ...(differs('agent') && { agent: draft.agent }),
    ...(differs('priority') && { priority: Number(draft.priority) }),
    ...(differs('title') && { title: draft.title.trim() }),
    ...(differs('estimate') && { estimatedCostUsd: amount(draft.estimate) }),
    ...(differs('maxCost') && { maxCostUsd: amount(draft.maxCost) }),
    ...(!isSameCheck(draft, start) && { check: draft.check ?? null }),
  };
}

function isSameCheck(one: Draft, other: Draft): boolean {
  return JSON.stringify(one.check) === JSON.stringify(other.check);
}

function isSame(one: Draft, other: Draft): boolean {
  return Object.keys(changes(one, other)).length === 0;
}

function drafts({ context }: CommandContext): { readonly [loopId: string]: Draft } {
  return context.workspaceState.get(KEY) ?? {};
}

async function keep(ctx: CommandContext, loopId: string, draft: Draft | undefined): Promise<void> {
  const { [loopId]: _, ...others } = drafts(ctx);
  await ctx.context.workspaceState.update(KEY, draft ? { ...others, [loopId]: draft } : others);
}
