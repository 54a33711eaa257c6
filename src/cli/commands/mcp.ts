import type { LoopSpec } from '../../core/model/loopSpec.ts';
import type { SubmitResult } from '../../core/model/status.ts';
import { CallError, EXIT } from '../exitCodes.ts';
import { nestedBase } from '../nestedSubmit.ts';
import type { Session } from '../session.ts';
import { type AddCommands, examples } from './command.ts';

const KILL = 'loopSupervisor_killProcess';

export const addMcp: AddCommands = (program, run) => {
  program
    .command('mcp')
    .summary('serve the tools to an MCP client')
    .description(
      'An MCP server on standard input and output: agents and editors can submit loops and see how they go. ' +
        'Inside a loop it reads and submits, within the bounds of that loop.',
    )
    .addHelpText(
      'after',
      examples(
        ['claude mcp add loops -- loops mcp', 'for Claude Code'],
        ['codex mcp add loops -- loops mcp', 'for Codex'],
      ),
    )
    .action(
      run(async (session) => {
        const { serveMcp } = await import('../mcpServer.ts');
        session.folder = session.trusted.containing(session.path('.'));
        const supervisor = await session.supervisor();
        const parts = await session.parts();
        const { version, tools } = session.manifest;
        await serveMcp({
          version,
          declared: tools,
          deps: { supervisor, usage: parts.usage, now: session.clock.now, submit: (spec) => submit(session, spec) },
          mayUse: (tool) => {
            if (tool === KILL) session.mustNotBeInside('Killing a loop');
          },
        });
        return EXIT.ok;
      }),
    );
};

/** Submits in the working folder, or within the bounds of the loop that this call comes from. */
async function submit(session: Session, spec: LoopSpec): Promise<SubmitResult> {
  const supervisor = await session.supervisor();
  const nested = await nestedBase(session);
  if (nested) return supervisor.submit({ ...nested, ...spec });
  const cwd = session.path('.');
  if (session.folder === undefined)
    throw new CallError(
      EXIT.notAllowed,
      `The loop was not submitted: ${cwd} is in no folder that you trust. ` +
        'A person has to run `loops trust` there first.',
    );
  const result = await supervisor.submit({ cwd, ...spec });
  await session.ensureHost();
  return result;
}
