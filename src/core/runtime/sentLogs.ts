import type { CutPart, LogName } from '../model/logRequest.ts';
import type { LogPart } from '../ports/runLogs.ts';
import { addLogPiece, answerLogRequest, cut, isLogAskedHere, pieceNumber } from '../steps/logRequests.ts';
import type { Engine } from './engine.ts';

type SendParts = Pick<Engine, 'context' | 'liveState' | 'transactions'>;

/** How much of each log (bytes) goes with one answer (R16.8). */
const MOST = { out: 1024 * 1024, err: 128 * 1024 } as const;

/** Sends what another machine has asked for of a run's output here. Rejects where the store does. */
export async function sendOutput({ context, liveState, transactions }: SendParts, id: string): Promise<void> {
  const request = liveState.control.logRequests?.[id];
  if (request?.state !== 'asked' || !isLogAskedHere({ context }, request)) return;
  const { token, reach } = request;
  /** A transaction for each piece, so that others have their turn in between. */
  const put = async (log: LogName, { at, size, content }: LogPart): Promise<CutPart> => {
    const pieces = cut(content);
    for (const [n, piece] of pieces.entries())
      await transactions.take((unit) => addLogPiece(unit, id, pieceNumber(log, n), piece));
    return { at, size, pieces: pieces.length };
  };
  try {
    const { runLogs } = context;
    if (!runLogs) throw new Error('no logs are kept there');
    const out = await put('out', await runLogs.read(token, 'out', reach?.out, MOST.out));
    const err = await put('err', await runLogs.read(token, 'err', reach?.err, MOST.err));
    await transactions.take((unit) => answerLogRequest(unit, id, { out, err }));
  } catch (error) {
    context.log('Output that another machine has asked for could not be read.', error);
    const why = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
    await transactions.take((unit) => answerLogRequest(unit, id, { why }));
  }
}
