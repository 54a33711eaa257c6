import type { Supervisor } from '../../core/supervisor.ts';
import { count, formatClock } from '../../ui/text/format.ts';
import { CallError, EXIT } from '../exitCodes.ts';
import { iso } from '../loopJson.ts';
import { hostSchema } from '../schemas.ts';
import { type Session, sleep } from '../session.ts';
import { type AddCommands, examples } from './command.ts';

const STOPS_WITHIN_MS = 10_000;

interface HostFacts {
  readonly running: boolean;
  readonly pid?: number;
  readonly since?: string;
  readonly windows: number;
  readonly background: string;
  readonly settingsFrom: string;
  readonly log: string;
}

export const addHost: AddCommands = (program, run) => {
  const host = program
    .command('host')
    .summary('the host that runs loops without a window')
    .description(
      'The host without a window starts and follows loops of folders that no window has open. ' +
        'It comes by itself when there is work, and ends when nothing can start without you.',
    )
    .addHelpText('after', examples(['loops host status', 'who runs the loops'], ['loops host start', 'now']));
  host
    .command('status')
    .summary('show whether it runs')
    .description('Shows whether it runs, since when, whose settings it uses, and what a logout does to it.')
    .addHelpText(
      'after',
      examples(['loops host status', 'who runs the loops'], ['loops host status --json', 'for scripts']),
    )
    .action(
      run(async (session) => {
        const facts = hostJson(session, await session.supervisor());
        const { output, clock } = session;
        const afterLogout = await session.afterLogout(facts.pid);
        if (output.isJson) return output.json(hostSchema, { ...facts, afterLogout });
        output.line(`Host      ${hostWords(facts, clock.now())}`);
        output.line(`Settings  ${facts.settingsFrom}`);
        output.line(`Log       ${facts.log}`);
        output.line(`Logout    ${afterLogout.why}`);
        return EXIT.ok;
      }),
    );
  host
    .command('start')
    .summary('start it now')
    .description('Starts it, if it does not run. It ends by itself once nothing is left to do.')
    .addHelpText('after', examples(['loops host start', 'now']))
    .action(
      run(async (session) => {
        session.mustNotBeInside('Starting the host');
        const supervisor = await session.supervisor();
        if (session.background === 'off')
          throw new CallError(EXIT.usage, 'The host was not started: the setting loopSupervisor.background is off.');
        if (!supervisor.headlessHost) await session.startHost();
        const pid = await session.hostComes();
        if (pid === undefined)
          throw new CallError(EXIT.trouble, `The host did not start. Its log says why: ${session.files.log}`);
        return report(session, supervisor);
      }),
    );
  host
    .command('stop')
    .summary('end it; what runs goes on')
    .description(
      'Ends it. What runs goes on, until a window or the host follows it again, or for unattendedGraceMinutes.',
    )
    .addHelpText('after', examples(['loops host stop', 'what runs goes on']))
    .action(
      run(async (session) => {
        session.mustNotBeInside('Stopping the host');
        const supervisor = await session.supervisor();
        const found = supervisor.headlessHost;
        if (!found) {
          session.output.progress('The host is not running.');
          return report(session, supervisor);
        }
        process.kill(found.process.pid, 'SIGTERM');
        const deadline = session.clock.now() + STOPS_WITHIN_MS;
        while (supervisor.headlessHost && session.clock.now() < deadline) await sleep(100);
        if (supervisor.headlessHost)
          throw new CallError(EXIT.trouble, `The host (process ${found.process.pid}) did not end within 10 s.`);
        return report(session, supervisor);
      }),
    );
};

function report(session: Session, supervisor: Supervisor) {
  const { output, clock } = session;
  const facts = hostJson(session, supervisor);
  if (output.isJson) output.json(hostSchema, facts);
  else output.line(hostWords(facts, clock.now()));
  return EXIT.ok;
}

/** Who runs the loops. */
export function hostJson({ config, background, files }: Session, supervisor: Supervisor): HostFacts {
  const host = supervisor.headlessHost;
  return {
    running: host !== undefined,
    ...(host && { pid: host.process.pid, since: iso(host.since) }),
    windows: supervisor.windowCount,
    background,
    settingsFrom: config.window
      ? `a window of version ${config.window.version}, stored ${iso(config.window.at)}`
      : files.settings,
    log: files.log,
  };
}

export function hostWords({ running, pid, since, windows, background }: HostFacts, now: number): string {
  const open = windows === 0 ? 'no window is open' : `${count(windows, 'window')} open`;
  if (running) return `process ${pid} since ${formatClock(Date.parse(since ?? ''), now)}; ${open}`;
  return background === 'off' ? `off; ${open}` : `not running; ${open}`;
}
