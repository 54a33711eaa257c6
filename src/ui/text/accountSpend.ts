import type { AccountSpend } from '../../core/model/status.ts';
import { formatUsd } from './format.ts';

/** An amount as budget views show it: `≈$3.20, estimated, $0.40 of it a guess`. All in USD. */
export function spendWords(usd: number, estimated: number, unknown: number): string {
  const marks = [estimated > unknown ? ', estimated' : '', unknown > 0 ? `, ${formatUsd(unknown)} of it a guess` : ''];
  return `${estimated > 0 ? '≈' : ''}${formatUsd(usd)}${marks.join('')}`;
}

/**
 * What each account has paid today, with its share of all, largest first. Empty where that says no more than the spend
 * by agent: every agent pays for itself.
 */
export function accountShares(
  accounts: readonly AccountSpend[],
  agents: readonly string[],
): { readonly account: string; readonly words: string }[] {
  const payers = accounts.filter(({ usd }) => usd !== 0);
  if (payers.every(({ account }) => agents.includes(account))) return [];
  const total = payers.reduce((sum, { usd }) => sum + Math.max(0, usd), 0);
  return payers.map(({ account, usd, estimatedUsd, unknownUsd }) => {
    const share = total > 0 ? `${Math.round((100 * Math.max(0, usd)) / total)} % · ` : '';
    return { account, words: `${share}${spendWords(usd, estimatedUsd, unknownUsd)}` };
  });
}
