import * as z from 'zod/mini';
import { loopSchema, loopState, usd } from './listSchema.ts';

// What `--json` prints; lists are in `listSchema.ts`. Times are ISO 8601 in UTC, amounts USD. Fields may be added; none
// is renamed or removed.

const time = z.string();

const attemptSchema = z.object({
  number: z.int(),
  startedAt: time,
  endedAt: z.optional(time),
  outcome: z.optional(z.string()),
  reason: z.optional(z.string()),
  exitCode: z.optional(z.int()),
  pid: z.optional(z.int()),
  costUsd: usd,
  costAtLeast: z.boolean(),
  isCheck: z.boolean(),
  /** Absent where another machine has it, and it has not been fetched. */
  log: z.exactOptional(z.string()),
});

export const showSchema = z.extend(loopSchema, {
  prompt: z.string(),
  check: z.optional(z.string()),
  maxCostUsd: z.optional(usd),
  attemptList: z.array(attemptSchema),
  history: z.array(z.object({ at: time, from: z.string(), to: z.string(), why: z.string() })),
});

export const submitSchema = z.object({
  loopId: z.string(),
  state: loopState,
  queued: z.boolean(),
  /** 1-based; 0 when it is not queued. */
  position: z.int(),
  /** False: a loop of that id existed already, and this is it. */
  isNew: z.boolean(),
  note: z.optional(z.string()),
});

/** What `wait` saw last of each loop. */
export const waitSchema = z.object({ loops: z.array(loopSchema), timedOut: z.boolean() });

/** What a call did to each loop it names. */
export const doneSchema = z.object({ loops: z.array(z.object({ loopId: z.string(), done: z.boolean() })) });

/** Where the work of a loop is that was fetched. */
export const fetchSchema = z.object({ loopId: z.string(), branch: z.string(), path: z.string() });

/** What the agent of a loop asks and nobody has answered. */
export const questionsSchema = z.object({
  questions: z.array(
    z.object({
      id: z.string(),
      at: time,
      kind: z.string(),
      tool: z.string(),
      title: z.string(),
      command: z.optional(z.string()),
      paths: z.optional(z.array(z.string())),
      /** Where links lead those of them that are elsewhere. */
      targets: z.optional(z.union([z.array(z.string()), z.literal('unknown')])),
      /** What it leaves to its user: `--say` is for each of them, in this order. */
      inquiries: z.optional(
        z.array(
          z.object({
            text: z.string(),
            options: z.array(z.object({ label: z.string(), about: z.optional(z.string()) })),
            multiple: z.boolean(),
          }),
        ),
      ),
      choices: z.array(z.object({ id: z.string(), kind: z.string(), label: z.string() })),
    }),
  ),
});

/** One line of `logs`: what an agent said or did, or with `output` a line that it printed. */
export const logLineSchema = z.object({
  attempt: z.int(),
  kind: z.enum(['text', 'tool', 'toolFailed', 'denied', 'warning', 'failed', 'output']),
  text: z.string(),
  /** The next text goes on in the same line. */
  isPart: z.optional(z.boolean()),
});
export type LogLineJson = z.infer<typeof logLineSchema>;

export const budgetSchema = z.object({
  spentUsd: usd,
  unknownUsd: usd,
  reservedUsd: usd,
  /** 0: there is none. */
  limitUsd: usd,
  remainingUsd: z.optional(usd),
  resetsAt: time,
});

export const hostSchema = z.object({
  running: z.boolean(),
  pid: z.optional(z.int()),
  since: z.optional(time),
  windows: z.int(),
  background: z.string(),
  settingsFrom: z.string(),
  log: z.string(),
  /** `host` alone says it: whether the host goes on after its user has logged out, and why. */
  afterLogout: z.optional(z.object({ survives: z.enum(['yes', 'perhaps', 'no']), why: z.string() })),
});

export const statusSchema = z.object({
  running: z.int(),
  slots: z.int(),
  queued: z.int(),
  parked: z.int(),
  backingOff: z.int(),
  waiting: z.int(),
  /** Questions of agents that nobody has answered. */
  asking: z.int(),
  paused: z.boolean(),
  circuits: z.array(z.object({ account: z.string(), state: z.string() })),
  holds: z.array(z.object({ of: z.string(), reason: z.string(), why: z.string() })),
  budget: budgetSchema,
  host: hostSchema,
});

export const continuedSchema = z.object({ continued: z.string() });
export const pausedSchema = z.object({ paused: z.boolean() });
export const completionSchema = z.object({ shell: z.string(), script: z.string() });
export const trustSchema = z.object({ trusted: z.string() });
/**
 * What every call prints that fails, or that is wrong: `usage`, `unknown-loop`, `not-allowed` or `trouble`, or a code
 * of the supervisor's errors.
 */
export const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
