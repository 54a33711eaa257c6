import type { AgentEvent } from '../../core/model/agentEvent.ts';
import type { RunOutput } from '../../core/ports/launcher.ts';
import { readTail, sizeOf } from '../runFolder/atomicFile.ts';
import type { EndedRecord } from '../runFolder/records.ts';
import type { FollowOptions, FollowServices } from './followOptions.ts';
import { lastLineOf } from './lastLine.ts';
import type { Tail } from './tail.ts';

/** Bytes of standard error that a reader gets at the end. */
const STDERR_TAIL_BYTES = 64 * 1024;
/** What is read at most (bytes) of the report that an agent writes. */
const REPORT_BYTES = 1024 * 1024;

/** The last words of a run, once all of its output is read. Without a `tail` its output was not read. */
export function lastWords(
  end: EndedRecord,
  options: FollowOptions,
  tail: Tail | undefined,
  log: FollowServices['log'],
): { readonly last: RunOutput; readonly hadOutput: boolean; readonly errorLine: string } {
  const { files } = options;
  const stderrTail = readTail(files.stderr, STDERR_TAIL_BYTES);
  const report = sizeOf(files.report) === undefined ? undefined : readTail(files.report, REPORT_BYTES);
  const last = tail?.finish(end.exit, stderrTail, report, end.at) ?? unread(end, options, stderrTail, report, log);
  const hadOutput = (sizeOf(files.stdout) ?? 0) + (sizeOf(files.stderr) ?? 0) > 0;
  return { last, hadOutput, errorLine: lastLineOf(stderrTail) };
}

/** Only how much there is, and what the reader says to the end. */
function unread(
  end: EndedRecord,
  { files, readOffset, reader }: FollowOptions,
  stderrTail: string,
  report: string | undefined,
  log: FollowServices['log'],
): RunOutput {
  const events: AgentEvent[] = [];
  try {
    events.push(...reader.end(end.exit, stderrTail, report, end.at));
  } catch (error) {
    log('The agent reader failed at the end of the output.', error);
  }
  return {
    from: readOffset,
    to: Math.max(readOffset, sizeOf(files.stdout) ?? 0),
    events,
    readerState: reader.state(),
  };
}
