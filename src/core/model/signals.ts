/** The names of signals that there are on some platform. */
const SIGNALS: ReadonlySet<string> = new Set(
  (
    'HUP INT QUIT ILL TRAP ABRT IOT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP ' +
    'TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO POLL PWR SYS INFO EMT BREAK'
  ).split(' '),
);

/** A signal's full name (`SIGTERM` for `SIGTERM` or `TERM`); undefined if it is none (R7.3). */
export function signalNamed(name: unknown): string | undefined {
  if (typeof name !== 'string') return undefined;
  const short = name.startsWith('SIG') ? name.slice(3) : name;
  return SIGNALS.has(short) ? `SIG${short}` : undefined;
}
