import type { SQLInputValue } from 'node:sqlite';
import { type FinishedLoop, isFinished } from '../../core/model/loop.ts';
import type { FinishedQuery } from '../../core/ports/historyQueries.ts';
import { LOOP_COLUMNS } from '../rows/loopRow.ts';
import type { Connection } from './connection.ts';
import type { LoopTable } from './loopTable.ts';
import { textOf } from './promptTable.ts';

/**
 * SQLite's LIKE folds only ASCII letters and limits the length of patterns. Other texts go through our own function.
 */
const EASY_TEXT = /^[\x20-\x7e]{1,1000}$/;
const HAS_TEXT = 'has_text';

/** Lists finished loops, newest first. One index serves everything except a text. */
export class FinishedList {
  readonly #connection: Connection;
  readonly #loops: LoopTable;

  constructor(connection: Connection, loops: LoopTable) {
    this.#connection = connection;
    this.#loops = loops;
    connection.define(HAS_TEXT, (value, needle) => Number(textIn(value).toLowerCase().includes(String(needle))));
  }

  list(query: FinishedQuery): FinishedLoop[] {
    const { limit, offset = 0, states, agent, folders, text, from, before, machine, hasWorkTree } = query;
    const where = ['finished_at IS NOT NULL'];
    const values: SQLInputValue[] = [];
    const add = (condition: string, ...some: SQLInputValue[]) => {
      where.push(condition);
      values.push(...some);
    };
    if (states) add(`state IN (${states.map(() => '?').join(', ')})`, ...states);
    if (agent !== undefined) add('agent = ?', agent);
    if (folders) add(`coalesce(folder, cwd) IN (${folders.map(() => '?').join(', ')})`, ...folders);
    if (from !== undefined) add('finished_at >= ?', from);
    if (before !== undefined) add('finished_at < ?', before);
    if (machine !== undefined) add('machine = ?', machine);
    if (hasWorkTree) add("json_extract(work_tree, '$.made') IS NOT NULL");
    if (text) add(...textCondition(text));
    // The index alone finds the page; then only its rows are read.
    const sql = `SELECT ${LOOP_COLUMNS} FROM loops WHERE seq IN (
        SELECT seq FROM loops WHERE ${where.join(' AND ')} ORDER BY finished_at DESC, seq DESC LIMIT ? OFFSET ?
      ) ORDER BY finished_at DESC, seq DESC`;
    return this.#loops.readAll(this.#connection.query(sql).all(...values, limit, offset)).filter(isFinished);
  }
}

function textCondition(text: string): [string, ...SQLInputValue[]] {
  const easy = EASY_TEXT.test(text);
  const needle = easy ? `%${text.replace(/[\\%_]/g, '\\$&')}%` : text.toLowerCase();
  const matches = (value: string) => (easy ? `${value} LIKE ? ESCAPE '\\'` : `${HAS_TEXT}(${value}, ?)`);
  const promptText = matches(easy ? 'CAST(p.prompt AS TEXT)' : 'p.prompt');
  const prompt = `EXISTS (SELECT 1 FROM prompts AS p WHERE p.seq = loops.seq AND ${promptText})`;
  return [`(${matches('title')} OR ${matches('loop_id')} OR ${prompt})`, needle, needle, needle];
}

function textIn(value: unknown): string {
  return value instanceof Uint8Array ? textOf(value) : String(value);
}
