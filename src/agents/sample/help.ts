export const VERSION = '1.0.0';

export const HELP = `Sample agent of Loop Supervisor. It only pretends to work: it needs no account and costs nothing.

Usage: sampleAgent [options] < prompt

It reads the prompt from standard input and prints one JSON object a line, as Claude Code does.

Options:
  -p, --print                   taken for compatibility
  --output-format <format>      stream-json, the only one
  --session-id <uuid>           the id of the new session
  --resume <id>                 continue that session
  --max-budget-usd <amount>     stop when this much is spent (made-up money)
  --asks <folder>               where to ask its user; without it, questions count as denied
  --version, --help             print this and end
  -- <prompt>                   the prompt, instead of standard input

Directives anywhere in the prompt:
  [slow SECONDS]     work that long (3 to 6 seconds without it)
  [quick]            end at once
  [cost USD]         report this cost
  [fail] [fail N]    report a failure and end with exit code 1, or N
  [crash]            die of SIGKILL in the middle of the work
  [hang]             fall silent and never end
  [ignore-sigterm]   go on after SIGINT and SIGTERM
  [spawn N]          start N processes that live on after it; the first has a child and a grandchild
  [flood MB]         print that many megabytes
  [limit SECONDS]    say that the usage window is used up, and resets after that time
  [overload]         say that the provider is overloaded, try again, and fail
  [auth]             say that there is no valid login
  [denied]           have a tool call denied
  [ask] [ask N]      ask its user before it runs a command, once or N times
  [choose]           ask its user for a decision
  [finish N]         edit sample-work.md in the working folder, and finish it in the Nth run
  [stuck]            with finish: change nothing from the second run on
  [worse]            with finish: leave a lower score in every run
  [once]             let all that goes wrong do so only in the first run of the session
  [echo]             say the whole prompt again
`;
