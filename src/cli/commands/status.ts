import type { BudgetStatus, Status } from '../../core/model/status.ts';
import { count, formatClock, formatUsd } from '../../ui/text/format.ts';
import { heldName } from '../../ui/text/holdWords.ts';
import { EXIT } from '../exitCodes.ts';
import { iso } from '../loopJson.ts';
import { budgetSchema, statusSchema } from '../schemas.ts';
import { type AddCommands, examples } from './command.ts';
import { hostJson, hostWords } from './host.ts';

export const addStatus: AddCommands = (program, run) => {
  program
    .command('status')
    .summary('show what runs, waits and is held')
    .description('Shows slots, queue, circuits, holds, the budget of the day, and who runs the loops.')
    .addHelpText(
      'after',
      examples(['loops status', 'at a glance'], ['loops status --json | jq .queued', 'for scripts']),
    )
    .action(
      run(async (session) => {
        const supervisor = await session.supervisor();
        const { output, clock } = session;
        const status = supervisor.status(0);
        const parked = supervisor.status().parked.length;
        const host = hostJson(session, supervisor);
        if (output.isJson)
          return output.json(statusSchema, {
            ...{ running: status.concurrencyUsed, slots: status.concurrencyMax },
            ...{ queued: supervisor.queueLength, parked },
            ...{ backingOff: status.backingOff.length, waiting: status.waiting.length, paused: status.paused },
            asking: status.asking.length,
            circuits: status.circuits.map(({ account, state }) => ({ account, state })),
            holds: status.holds.map(({ of, reason, why }) => ({ of: heldName(of), reason, why })),
            budget: budgetJson(status.budget),
            host,
          });
        output.line(`Running  ${status.concurrencyUsed} of ${status.concurrencyMax}`);
        output.line(`Queued   ${queueWords(status, supervisor.queueLength, parked)}`);
        const waits = status.backingOff.length + status.waiting.length;
        if (waits > 0) output.line(`Waiting  ${waits}`);
        for (const { loopId, asks } of status.asking)
          output.line(output.style('yellow', `Asks     ${loopId}: ${asks}`));
        for (const { account, state } of status.circuits)
          if (state !== 'closed') output.line(output.style('yellow', `Circuit  ${account}: ${state}`));
        for (const { of, why } of status.holds) output.line(output.style('yellow', `Held     ${heldName(of)}: ${why}`));
        output.line(`Budget   ${budgetWords(status.budget)}`);
        output.line(`Host     ${hostWords(host, clock.now())}`);
        return EXIT.ok;
      }),
    );
  program
    .command('budget')
    .summary('show the budget of the day')
    .description(
      'Shows what today has cost, what is reserved, and what is left. The limit is the setting budget.dailyLimitUsd.',
    )
    .addHelpText(
      'after',
      examples(['loops budget', 'at a glance'], ['loops budget --json | jq .remainingUsd', 'for scripts']),
    )
    .action(
      run(async (session) => {
        const { budget } = (await session.supervisor()).status(0);
        const { output, clock } = session;
        if (output.isJson) return output.json(budgetSchema, budgetJson(budget));
        output.line(budgetWords(budget));
        output.progress(`It starts over at ${formatClock(budget.resetsAt, clock.now())}.`);
        return EXIT.ok;
      }),
    );
};

function queueWords({ paused, queueDepth, queueMax }: Status, length: number, parked: number): string {
  const more = parked > 0 ? `, ${count(parked, 'parked loop')} among them` : '';
  return `${length}${more} (${queueDepth} of ${queueMax} places)${paused ? ', paused' : ''}`;
}

function budgetJson({ spent, unknown, reserved, limit, resetsAt }: BudgetStatus) {
  const left = limit > 0 ? { remainingUsd: Math.max(0, limit - spent - unknown - reserved) } : {};
  return {
    spentUsd: spent,
    unknownUsd: unknown,
    reservedUsd: reserved,
    limitUsd: limit,
    ...left,
    resetsAt: iso(resetsAt),
  };
}

function budgetWords({ spent, unknown, reserved, limit }: BudgetStatus): string {
  const of = limit > 0 ? ` of ${formatUsd(limit)}` : ' today, no limit';
  const guess = unknown > 0 ? `, ${formatUsd(unknown)} of unknown cost` : '';
  return `${formatUsd(spent)}${of}${guess}${reserved > 0 ? `, ${formatUsd(reserved)} reserved` : ''}`;
}
