import { RowReader } from '../rows/rowReader.ts';
import { AttemptTable } from './attemptTable.ts';
import { ChangeTable } from './changeTable.ts';
import { CheckTable } from './checkTable.ts';
import { ClaimTable } from './claimTable.ts';
import type { Connection } from './connection.ts';
import { FinishedList } from './finishedList.ts';
import { HeadTable } from './headTable.ts';
import { HistoryTable } from './historyTable.ts';
import { LedgerTable } from './ledgerTable.ts';
import { LoopTable } from './loopTable.ts';
import { MoveTable } from './moveTable.ts';
import { PieceTable } from './pieceTable.ts';
import { PromptTable } from './promptTable.ts';
import { Quarantine } from './quarantine.ts';
import { Removal } from './removal.ts';
import { Summaries } from './summaries.ts';
import { Timeline } from './timeline.ts';
import { WindowTable } from './windowTable.ts';

/** All statements of one connection, prepared once. */
export class Tables {
  readonly head: HeadTable;
  readonly changes: ChangeTable;
  readonly attempts: AttemptTable;
  readonly loops: LoopTable;
  readonly prompts: PromptTable;
  readonly history: HistoryTable;
  readonly checks: CheckTable;
  readonly ledger: LedgerTable;
  readonly windows: WindowTable;
  readonly claims: ClaimTable;
  readonly moves: MoveTable;
  readonly pieces: PieceTable;
  readonly finished: FinishedList;
  readonly summaries: Summaries;
  readonly timeline: Timeline;
  readonly removal: Removal;
  readonly quarantine: Quarantine;

  constructor(connection: Connection, log: (message: string, error?: unknown) => void) {
    const rowReader = new RowReader(log);
    this.head = new HeadTable(connection, rowReader);
    this.changes = new ChangeTable(connection);
    this.attempts = new AttemptTable(connection, rowReader);
    this.loops = new LoopTable(connection, this.attempts, rowReader);
    this.prompts = new PromptTable(connection);
    this.history = new HistoryTable(connection, rowReader);
    this.checks = new CheckTable(connection, rowReader);
    this.ledger = new LedgerTable(connection, rowReader);
    this.windows = new WindowTable(connection, rowReader);
    this.claims = new ClaimTable(connection);
    this.moves = new MoveTable(connection, rowReader);
    this.pieces = new PieceTable(connection);
    this.finished = new FinishedList(connection, this.loops);
    this.summaries = new Summaries(connection);
    this.timeline = new Timeline(connection, rowReader);
    this.removal = new Removal(connection);
    this.quarantine = new Quarantine(connection, this.loops, log);
  }
}
