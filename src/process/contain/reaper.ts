/** The number of `prctl(2)` by architecture, as Node names these. */
const PRCTL: Readonly<Record<string, number>> = {
  x64: 157,
  arm64: 167,
  riscv64: 167,
  loong64: 167,
  ia32: 172,
  arm: 172,
  ppc64: 171,
  s390x: 172,
};

/** The exit code of a reaper that the kernel did not let be one, or that could not start its command. */
export const NO_REAPER = 111;

// A reaper is the parent of a guardian. It makes itself a subreaper (36), so that whatever loses its parent below it
// becomes its child; it collects those that have ended, passes signals on to the guardian, and ends as the guardian
// does. Should it be killed, the kernel kills the guardian too (1, 9): a run is never guarded by half.
const PERL = `
my $prctl = shift;
syscall($prctl, 36, 1, 0, 0, 0) == 0 or exit ${NO_REAPER};
my ($guardian, @passed) = (0, qw(USR2 TERM INT QUIT HUP CONT USR1 ALRM));
for my $name (@passed) { $SIG{$name} = sub { kill $name, $guardian if $guardian } }
$guardian = fork;
defined $guardian or exit ${NO_REAPER};
if (!$guardian) {
  $SIG{$_} = 'DEFAULT' for @passed;
  syscall($prctl, 1, 9, 0, 0, 0);
  exec { $ARGV[0] } @ARGV;
  exit ${NO_REAPER};
}
for (;;) {
  my $pid = waitpid(-1, 0);
  next if $pid != $guardian && ($pid > 0 || $! == 4);
  exit ${NO_REAPER} if $pid != $guardian;
  my $signal = $? & 127 or exit $? >> 8;
  $SIG{$_} = 'DEFAULT' for @passed;
  kill $signal, $$;
  exit 128 + $signal;
}
`;
const PYTHON = `
import ctypes, os, signal, sys
prctl = ctypes.CDLL(None).prctl
if prctl(36, 1, 0, 0, 0):
    os._exit(${NO_REAPER})
guardian = 0
passed = [getattr(signal, 'SIG' + name) for name in 'USR2 TERM INT QUIT HUP CONT USR1 ALRM'.split()]
def forward(number, _):
    if guardian:
        os.kill(guardian, number)
for name in passed:
    signal.signal(name, forward)
guardian = os.fork()
if not guardian:
    for name in passed:
        signal.signal(name, signal.SIG_DFL)
    prctl(1, 9, 0, 0, 0)
    try:
        os.execv(sys.argv[1], sys.argv[1:])
    finally:
        os._exit(${NO_REAPER})
while True:
    pid, status = os.waitpid(-1, 0)
    if pid == guardian:
        break
if os.WIFSIGNALED(status):
    number = os.WTERMSIG(status)
    if number in passed:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
os._exit(os.waitstatus_to_exitcode(status) & 255)
`;

/**
 * Commands that run another command under a reaper, by the interpreters that a machine may have; none needs native code
 * of ours. `arch`: as in `process.arch`.
 */
export function reaperCommands(arch: string = process.arch): (readonly [string, ...string[]])[] {
  const number = PRCTL[arch];
  return [
    ...(number === undefined ? [] : [['/usr/bin/perl', '-e', PERL, String(number)] as const]),
    ['/usr/bin/python3', '-I', '-S', '-c', PYTHON],
  ];
}
