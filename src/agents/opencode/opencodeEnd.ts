import type { AgentErrorCause } from '../../core/model/agentEvent.ts';
import {
  type AgentWords,
  emitErrors,
  emitFailure,
  type Failure,
  failureEnd,
  finished,
  lastError,
  type Signs,
} from '../failure.ts';
import { isObject, numberIn, objectIn, textIn } from '../json.ts';
import type { Emit, Ending } from '../lineReader.ts';
import { oneLine } from '../oneLine.ts';

/** How far a run has come. */
export interface OpencodeRun {
  /** Why the last step ended; empty before the first one has. */
  reason: string;
  /** A step has begun whose cost is pending. */
  inStep: boolean;
  /** Any step has begun. */
  stepped: boolean;
  spoke: boolean;
  /** It has said or done something in its step. */
  worked: boolean;
  /** A tool whose permission was refused since the last step ended well. */
  refused: string;
  denied: number;
  /** The run has ended with an error. */
  failed: boolean;
  /** That error named no reason. */
  vague: boolean;
}

interface EndContext {
  readonly words: AgentWords;
  /** Wall time, ms. */
  readonly now: () => number;
}

const CAUSES: ReadonlyMap<string, AgentErrorCause> = new Map(
  Object.entries({
    ProviderAuthError: 'auth',
    ProviderModelNotFoundError: 'config',
    MessageAbortedError: 'aborted',
    MessageOutputLengthError: 'task',
    ContextOverflowError: 'task',
  } as const),
);

/** Its name for errors whose reason is only in its logs. */
const VAGUE = 'UnknownError';

/** Emits an error of the run. */
export function failed(error: unknown, memory: OpencodeRun, emit: Emit, { words, now }: EndContext): void {
  const name = textIn(objectIn(error)['name']);
  const data = objectIn(objectIn(error)['data']);
  const status = numberIn(data['statusCode']);
  const message = textIn(data['message']) || (isObject(error) ? name : textIn(error));
  memory.failed = true;
  memory.vague = name === VAGUE && status === undefined;
  // Before the first step this means an unknown model: an outage would name a status.
  const cause = memory.vague && !memory.stepped ? 'config' : CAUSES.get(name);
  // The provider's reply may name the time of a reset.
  const body = textIn(data['responseBody']);
  const detail = /"resets?_?(?:at|in)\w*"/i.test(body) ? ` ${body}` : '';
  const failure: Failure = {
    message: withLogin(message, words) + detail,
    ...(status !== undefined && { status }),
    ...(cause !== undefined && { cause }),
  };
  emitFailure(emit, words, failure, now());
}

/** What it says where the provider of a model has no login, too. */
function withLogin(message: string, { login }: AgentWords): string {
  if (!message.startsWith('Model not found')) return message;
  return `${message.replace(/[.?\s]+$/, '')}; a provider without a login has no models: ${login}`;
}

const SIGNS: Signs = [
  [/Session not found/i, 'session'],
  [
    /^(?:opencode|kilo) run \[message|Unknown argument|Invalid values:|Model not found|ConfigInvalid|ConfigJson/i,
    'config',
  ],
  [/must provide a message/i, 'task'],
  [/no (?:provider|credentials|api key)|auth login/i, 'auth'],
];

/** There is no final event: how the last step ended decides. */
export function end({ exit, errors }: Ending, memory: OpencodeRun, emit: Emit, { words, now }: EndContext): void {
  if (memory.inStep) emit({ type: 'cost', cost: 0, source: 'unknown', note: 'its last step was cut off' });
  else if (memory.failed && !memory.stepped) emit({ type: 'cost', cost: 0, source: 'priced', note: 'it did no work' });
  const logged = memory.vague ? loggedCause(errors) : undefined;
  if (logged) emit(failureEnd(words, { message: withLogin(logged.message, words) }, logged.cause));
  if (memory.failed || exit.signal !== undefined) return;
  if (exit.exitCode !== 0) {
    emitErrors(emit, words, errors, SIGNS, now());
    return;
  }
  const message = unfinished(memory);
  // A refused tool would be refused again: the user must allow it.
  const refused = memory.reason === 'tool-calls' && memory.refused !== '';
  if (message === undefined) emit(finished(memory.denied));
  else if (memory.stepped || !emitErrors(emit, words, errors, SIGNS, now())) {
    const known = memory.stepped ? undefined : lastError(errors);
    emit(failureEnd(words, { message: known ?? message }, refused ? 'config' : 'task'));
  }
}

/** The error that its log names, as in `error="ProviderModelNotFoundError: Model not found: x/y."`. */
function loggedCause(errors: readonly string[]): (Failure & { readonly cause: AgentErrorCause }) | undefined {
  for (const line of errors) {
    const [, name = '', said = ''] = /\b(\w+Error): ([^"\\]+)/.exec(line) ?? [];
    const cause = CAUSES.get(name);
    if (cause !== undefined) return { message: oneLine(said.replace(/\)\]\)$/, '')), cause };
  }
  return undefined;
}

/** Why a run that ended with exit code 0 has not done its task; undefined when it has. */
function unfinished({ reason, refused, spoke }: OpencodeRun): string | undefined {
  switch (reason) {
    case 'stop':
      return undefined;
    case 'length':
      return "it reached its model's limit of output";
    case 'content-filter':
      return "its provider's content filter ended the answer";
    case 'tool-calls':
      return refused === ''
        ? 'it ended after a tool call, without an answer'
        : `it ended because the permission for ${refused} was refused; ` +
            'your configuration of it or "permissionMode": "auto" can allow it';
    case '':
      return spoke ? 'it ended in the middle of a step' : 'it ended without an answer';
    default:
      return spoke ? undefined : `it ended without an answer (${oneLine(reason, 40)})`;
  }
}
