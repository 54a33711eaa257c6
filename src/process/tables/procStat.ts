/** The fields of `/proc/<pid>/stat` that are used here. */
export interface ProcStat {
  readonly name: string;
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Those that have ended are counted too as long as nobody has asked how: 1 for a process that has ended. */
  readonly threads: number;
  /** User and system time together, clock ticks. */
  readonly cpuTicks: number;
  /** Clock ticks since boot, as written. */
  readonly startTime: string;
  readonly residentPages: number;
}

/** As many fields after the name are looked at. */
const USED_FIELDS = 22;

/**
 * Reads a line of `/proc/<pid>/stat`; undefined when it is not one. The name stands in parentheses and may hold anything, `) Z 1 (` too,
 * so the fields begin after the last `)`.
 */
export function parseStat(line: Buffer): ProcStat | undefined {
  // A byte is a character here: quicker than to search bytes, and all but names is ASCII.
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
