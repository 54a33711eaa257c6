// The files of questions (R17.1). The programs that ask import nothing of the core: these are the forms of its
// `AskedQuestion` and `Answer` on disk.

/** What is written into `ID.ask`. */
export interface AskRecord {
  readonly request: {
    readonly kind: 'command' | 'edit' | 'read' | 'fetch' | 'other';
    readonly tool: string;
    readonly title: string;
    readonly command?: string;
    readonly paths?: readonly string[];
    readonly diff?: string;
    readonly details?: string;
  };
  readonly choices: readonly {
    readonly id: string;
    readonly kind: 'allowOnce' | 'allowAlways' | 'denyOnce' | 'denyAlways';
    readonly label: string;
  }[];
}

/** What is read from `ID.answer`. */
export interface AnswerRecord {
  /** The id of the choice; absent: denied in whatever way the agent knows. */
  readonly choice?: string;
  readonly allow: boolean;
}

export const ASK = '.ask';
export const ANSWER = '.answer';

/** Whether this can be the id of a question: it becomes the name of a file. */
export function isQuestionId(id: string): boolean {
  return /^[A-Za-z0-9-]{1,64}$/.test(id);
}
