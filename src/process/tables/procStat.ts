import { readFileSync } from 'node:fs';
import { lookAt } from '../../core/model/looks.ts';

/** The fields of `/proc/<pid>/stat` that are used here. */
export interface ProcStat {
  readonly name: string;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Ended threads count until they are collected; a process that has ended has 1. */
  readonly threads: number;
  /** User and system time together, clock ticks. */
  readonly cpuTicks: number;
  /** Clock ticks since boot, as written. */
  readonly startTime: string;
  readonly residentPages: number;
}

/** How many fields after the name are read. */
const USED_FIELDS = 22;

/**
 * Parses `/proc/<pid>/stat`; undefined when that makes no sense. The name is in parentheses and may hold anything, even
 * `) Z 1 (`, so the fields begin after the last `)`.
 */
export function parseStat(line: Buffer): ProcStat | undefined {
  // As Latin-1, which is quicker than a search in bytes: all but the name is ASCII.
  const text = line.toString('latin1');
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  // fields[0] is field 3 of proc(5), the state.
  const fields = text.slice(close + 2).split(' ', USED_FIELDS);
  const startTime = fields[19];
  if (startTime === undefined) return undefined;
  return {
    name: line.toString('utf8', open + 1, close),
    state: fields[0] as string,
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    threads: Number(fields[17]),
    startTime,
    residentPages: Number(fields[21]),
  };
}

/** The parent of a process; 0 where that is not known. */
export function parentOf(pid: number): number {
  const stat = lookAt(() => parseStat(readFileSync(`/proc/${pid}/stat`)));
  return (stat.state === 'there' && stat.value?.parent) || 0;
}
