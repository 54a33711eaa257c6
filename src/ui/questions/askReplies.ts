import * as vscode from 'vscode';
import type { Inquiry, Replies } from '../../core/model/question.ts';
import { askItem, askText, BACK, type Place } from '../commands/prompts.ts';
import { inquiryLine, LET_DECIDE, optionRows } from './requestText.ts';

interface ReplyItem extends vscode.QuickPickItem {
  /** The agent's own word for it. */
  readonly reply?: string;
  readonly act?: 'other' | 'deny' | 'show';
}

const OTHER: ReplyItem = { label: '$(edit) Something Else…', act: 'other' };
const DECIDE: ReplyItem = { label: `$(debug-step-over) ${LET_DECIDE}`, act: 'deny' };
const SHOW: ReplyItem = { label: '$(open-preview) Show All of It', act: 'show' };

/**
 * Asks what the user says to each inquiry of an agent. `deny`: the agent is to decide itself; `show`: all of it is to
 * be shown first; `undefined`: dismissed.
 */
export async function askReplies(
  title: string,
  inquiries: readonly Inquiry[],
): Promise<Replies | 'deny' | 'show' | undefined> {
  const replies: (readonly string[])[] = [];
  for (const [at, inquiry] of inquiries.entries()) {
    const place = { title, ...(inquiries.length > 1 && { step: at + 1, totalSteps: inquiries.length }) };
    const said = await (inquiry.multiple ? askSeveral : askOne)(place, inquiry);
    if (typeof said !== 'object') return said;
    replies.push(said);
  }
  return replies;
}

async function askOne(place: Place, inquiry: Inquiry): Promise<readonly string[] | 'deny' | 'show' | undefined> {
  const chosen = await askItem<ReplyItem>({
    ...place,
    placeholder: inquiryLine(inquiry),
    items: [...offered(inquiry), separator('You can also'), OTHER, DECIDE, SHOW],
    ignoreFocusOut: true,
  });
  if (chosen === undefined || chosen === BACK) return undefined;
  if (chosen.act === 'other') return askOther(place, inquiry);
  return chosen.act ?? [chosen.reply ?? ''];
}

async function askSeveral(place: Place, inquiry: Inquiry): Promise<readonly string[] | undefined> {
  const { title } = place;
  const items = [...offered(inquiry), separator('You can also'), OTHER];
  const options = { title, placeHolder: inquiryLine(inquiry), canPickMany: true, ignoreFocusOut: true } as const;
  const chosen = await vscode.window.showQuickPick(items, options);
  if (!chosen || chosen.length === 0) return undefined;
  const replies = chosen.flatMap(({ reply }) => (reply === undefined ? [] : [reply]));
  if (!chosen.includes(OTHER)) return replies;
  const other = await askOther(place, inquiry);
  return other && [...replies, ...other];
}

async function askOther(place: Place, inquiry: Inquiry): Promise<readonly string[] | undefined> {
  const validate = (text: string) => (text.trim() === '' ? 'Write what the agent should know.' : undefined);
  const said = await askText({ ...place, prompt: inquiryLine(inquiry), validate });
  return typeof said === 'string' ? [said] : undefined;
}

function offered(inquiry: Inquiry): ReplyItem[] {
  return [separator('The agent offers'), ...optionRows(inquiry)];
}

function separator(label: string): ReplyItem {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}
