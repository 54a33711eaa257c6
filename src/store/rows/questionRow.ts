import * as z from 'zod/mini';
import type {
  Answer,
  AnsweredBy,
  Choice,
  ChoiceKind,
  Inquiry,
  PermissionRequest,
  Permits,
  Question,
  Replies,
} from '../../core/model/question.ts';
import { oneOf } from './codecs.ts';

const kind = oneOf<ChoiceKind>({ allowOnce: 0, allowAlways: 0, denyOnce: 0, denyAlways: 0 });
const choice: z.core.$ZodType<Choice> = z.object({ id: z.string(), kind, label: z.string() });

const inquiry: z.core.$ZodType<Inquiry> = z.lazy(() =>
  z.object({
    text: z.string(),
    options: z.array(z.object({ label: z.string(), about: z.exactOptional(z.string()) })),
    multiple: z.boolean(),
  }),
);

const replies: z.core.$ZodType<Replies> = z.lazy(() => z.array(z.array(z.string())));

const request: z.core.$ZodType<PermissionRequest> = z.lazy(() =>
  z.object({
    kind: oneOf<PermissionRequest['kind']>({ command: 0, edit: 0, read: 0, fetch: 0, other: 0, inquiry: 0 }),
    tool: z.string(),
    title: z.string(),
    command: z.exactOptional(z.string()),
    paths: z.exactOptional(z.array(z.string())),
    targets: z.exactOptional(z.union([z.array(z.string()), z.literal('unknown')])),
    diff: z.exactOptional(z.string()),
    details: z.exactOptional(z.string()),
    inquiries: z.exactOptional(z.array(inquiry)),
  }),
);

const answer: z.core.$ZodType<Answer> = z.lazy(() =>
  z.object({
    choice: z.exactOptional(z.string()),
    allow: z.boolean(),
    replies: z.exactOptional(replies),
    by: oneOf<AnsweredBy>({ user: 0, rule: 0, deadline: 0 }),
    at: z.int(),
    why: z.exactOptional(z.string()),
  }),
);

/** What a loop asks, as its row holds it. */
export const questionsSchema: z.core.$ZodType<readonly Question[]> = z.lazy(() =>
  z.array(
    z.object({ id: z.string(), at: z.int(), request, choices: z.array(choice), answer: z.exactOptional(answer) }),
  ),
);

/** Permissions granted to one loop alone, as its row holds them. */
export const permitsSchema: z.core.$ZodType<Permits> = z.lazy(() =>
  z.object({
    rules: z.array(z.string()),
    once: z.array(z.object({ request, kind, replies: z.exactOptional(replies) })),
  }),
);
