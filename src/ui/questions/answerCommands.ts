import * as vscode from 'vscode';
import { openQuestions, type Question, type Replies } from '../../core/model/question.ts';
import { ruleFor } from '../../core/policy/permissionRules.ts';
import type { CommandContext, CommandTable } from '../commands/commandTable.ts';
import { loopOf } from '../commands/target.ts';
import { oneLine } from '../text/safeText.ts';
import { askReplies } from './askReplies.ts';
import { choicesOf, requestText } from './requestText.ts';
import { ruleText, verdictText } from './ruleText.ts';

/** How much of a request (characters) fits into a question; a longer one is read on its page. */
const FITS = 1_500;

const FOR_LOOP = 'Allow for This Loop';
const ALWAYS = 'Always Allow Like This…';
const SHOW = 'Show Request';

/** An answer as notices and pages give it: whatever is missing is asked for. */
interface Given {
  readonly question?: string;
  /** `allow`, `deny` or the id of a choice. */
  readonly choice?: string;
  readonly replies?: Replies;
  readonly remember?: 'loop' | 'always';
}

/** Commands for what agents ask (R17). */
export const answerCommands: CommandTable = {
  /** Answers what a loop asks, after showing it. Returns whether it was answered. */
  answer:
    (ctx) =>
    async (...args) => {
      const called = await loopOf(ctx, args, {
        title: 'Answer',
        states: ['running', 'waiting'],
        live: ({ loop }) => openQuestions(loop).length > 0,
      });
      if (!called) return false;
      const supervisor = await ctx.host.ready();
      const loop = await supervisor.find(called.loopId, called.seq);
      const given = givenIn(args[1]);
      const open = loop ? openQuestions(loop) : [];
      const question = given.question === undefined ? open[0] : open.find(({ id }) => id === given.question);
      if (!loop || !question) {
        void vscode.window.showInformationMessage('There is no question to answer. It may have been answered by now.');
        return false;
      }
      const chosen = given.choice || given.remember ? given : await ask(loop.title || loop.loopId, question);
      if (!chosen) return false;
      if (chosen === 'show') {
        await vscode.commands.executeCommand('loopSupervisor.showDetail', { loopId: loop.loopId, seq: loop.seq });
        return false;
      }
      const rule = chosen.remember === undefined ? undefined : ruleFor(question.request, loop.cwd);
      if (chosen.remember === 'always' && !(await writeRule(ctx, rule ?? '', question, loop.cwd))) return false;
      await supervisor.answer(loop.loopId, {
        question: question.id,
        choice: chosen.remember ? 'allow' : (chosen.choice ?? 'deny'),
        ...(chosen.replies && { replies: chosen.replies }),
        ...(chosen.remember === 'loop' && rule !== undefined && { rule }),
      });
      return true;
    },

  /** Shows what the rules would do with a command while it is typed. */
  testPermissions: (ctx) => async () => {
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '/';
    const { linkTargets } = ctx;
    await vscode.window.showInputBox({
      title: 'Test Permission Rules',
      prompt: 'A command, or a file as in Edit(src/a.ts). Nothing is run.',
      placeHolder: 'npm install',
      validateInput: (typed) =>
        typed.trim() === ''
          ? undefined
          : {
              message: verdictText(typed, { rules: ctx.config.settings.permissions, folder, linkTargets }),
              severity: vscode.InputBoxValidationSeverity.Info,
            },
    });
  },
};

function givenIn(value: unknown): Given {
  if (typeof value !== 'object' || value === null) return {};
  const { question, choice, replies, remember } = value as { readonly [key: string]: unknown };
  return {
    ...(typeof question === 'string' && { question }),
    ...(typeof choice === 'string' && { choice }),
    // The supervisor validates them.
    ...(Array.isArray(replies) && { replies: replies as Replies }),
    ...((remember === 'loop' || remember === 'always') && { remember }),
  };
}

/** Shows a request with its choices. One that does not fit cannot be allowed here. */
async function ask(title: string, question: Question): Promise<Given | 'show' | undefined> {
  const { inquiries } = question.request;
  if (inquiries) {
    const said = await askReplies(`“${oneLine(title, 60)}” asks you`, inquiries);
    return typeof said === 'object' ? { choice: 'allow', replies: said } : said === 'deny' ? { choice: 'deny' } : said;
  }
  const { text, isWhole } = requestText(question.request, FITS);
  const choices = choicesOf(question);
  const canRemember = ruleFor(question.request, '') !== undefined;
  const words = isWhole
    ? [...choices.map(({ word }) => word), ...(canRemember ? [FOR_LOOP, ALWAYS] : []), SHOW]
    : [SHOW, ...choices.filter(({ word }) => word.startsWith('Deny')).map(({ word }) => word)];
  const answer = await vscode.window.showInformationMessage(
    `“${oneLine(title, 60)}” asks for permission`,
    { modal: true, detail: isWhole ? text : `${text}\n\nThis is not all of it: show the request to read the rest.` },
    ...words,
  );
  if (answer === SHOW) return 'show';
  if (answer === FOR_LOOP) return { remember: 'loop' };
  if (answer === ALWAYS) return { remember: 'always' };
  const choice = choices.find(({ word }) => word === answer);
  return choice && { choice: choice.id };
}

/** Lets the user read and change a rule before it is written into the settings. Returns whether it was written. */
async function writeRule(ctx: CommandContext, rule: string, { request }: Question, folder: string): Promise<boolean> {
  const { permissions } = ctx.config.settings;
  const written = await vscode.window.showInputBox({
    title: 'Always Allow Like This',
    prompt: 'This rule is added to loopSupervisor.permissions.allow. A * stands for anything within one command.',
    value: rule,
    validateInput: (typed) => {
      const { text, works } = ruleText(typed, request, permissions, folder);
      const { Info, Error: Wrong } = vscode.InputBoxValidationSeverity;
      return { message: text, severity: works ? Info : Wrong };
    },
  });
  if (written === undefined) return false;
  if (!permissions.allow.includes(written)) await ctx.config.set('permissions.allow', [...permissions.allow, written]);
  return true;
}
