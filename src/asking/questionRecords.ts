// The files of questions (R17.1). The programs that ask import nothing of the core: these are the forms of its
// `AskedQuestion` and `Answer` on disk.

/** What is written into `ID.ask`. */
export interface AskRecord {
  readonly request: {
    readonly kind: 'command' | 'edit' | 'read' | 'fetch' | 'other' | 'inquiry';
    readonly tool: string;
    readonly title: string;
    readonly command?: string;
    readonly paths?: readonly string[];
    readonly diff?: string;
    readonly details?: string;
    readonly inquiries?: readonly InquiryRecord[];
  };
  readonly choices: readonly {
    readonly id: string;
    readonly kind: 'allowOnce' | 'allowAlways' | 'denyOnce' | 'denyAlways';
    readonly label: string;
  }[];
}

/** What an agent leaves to its user: some of several options, or words of their own. */
export interface InquiryRecord {
  readonly text: string;
  readonly options: readonly { readonly label: string; readonly about?: string }[];
  readonly multiple: boolean;
}

/** More inquiries in a request, or options of one, are not shown. */
export const MOST_INQUIRIES = 10;
/** A longer text of an inquiry (characters) is not shown. */
export const LONGEST_INQUIRY = 2_000;

/** What is read from `ID.answer`. */
export interface AnswerRecord {
  /** The id of the choice; absent: denied in whatever way the agent knows. */
  readonly choice?: string;
  readonly allow: boolean;
  /** What is said to each inquiry: labels of its options, or other words. */
  readonly replies?: readonly (readonly string[])[];
}

export const ASK = '.ask';
export const ANSWER = '.answer';

/** Whether this can be the id of a question: it becomes the name of a file. */
export function isQuestionId(id: string): boolean {
  return /^[A-Za-z0-9-]{1,64}$/.test(id);
}
