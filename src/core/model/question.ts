/** What an agent wants to do. All texts are the agent's: show them only as `ui/text/requestText` does. */
export interface PermissionRequest {
  /** `inquiry`: it asks for no permission, but for words. */
  readonly kind: 'command' | 'edit' | 'read' | 'fetch' | 'other' | 'inquiry';
  /** The agent's own name of its tool. */
  readonly tool: string;
  /** What the agent calls it, in a line. No rule is matched against it. */
  readonly title: string;
  /** With `command`: the whole command line. */
  readonly command?: string;
  /** The files that it concerns, as the agent names them. */
  readonly paths?: readonly string[];
  /**
   * Where links lead those files, as our own look has found: only those that are elsewhere than the agent says;
   * `unknown` where nobody could see. Rules hold for both (R17.2).
   */
  readonly targets?: readonly string[] | 'unknown';
  /** What it would change, in unified form. */
  readonly diff?: string;
  /** Whatever else the agent says of it, as JSON. */
  readonly details?: string;
  /** With `inquiry`: what its user is to decide; at least one. */
  readonly inquiries?: readonly Inquiry[];
}

/** What an agent leaves to its user: one of several options, several of them, or words of their own (R17.1). */
export interface Inquiry {
  readonly text: string;
  readonly options: readonly { readonly label: string; readonly about?: string }[];
  /** More than one option can be chosen. */
  readonly multiple: boolean;
}

/** What is said to each inquiry of a request, in their order: labels of its options, or other words; never nothing. */
export type Replies = readonly (readonly string[])[];

/** What a choice does. `Always`: the agent itself will not ask for the like again. */
export type ChoiceKind = 'allowOnce' | 'allowAlways' | 'denyOnce' | 'denyAlways';

/** One of the answers that an agent offers. */
export interface Choice {
  readonly id: string;
  readonly kind: ChoiceKind;
  /** In the agent's words, which may say anything. */
  readonly label: string;
}

/** A request as the program that asks has written it into the run folder. */
export interface AskedQuestion {
  /** Unique within its run: 1 to 64 letters, digits and `-`. */
  readonly id: string;
  readonly request: PermissionRequest;
  /** At least one. */
  readonly choices: readonly Choice[];
}

/** Who answered: a person, a rule of theirs, or nobody in time. */
export type AnsweredBy = 'user' | 'rule' | 'deadline';

/** The answer to a question. It is given once (R17.1). */
export interface Answer {
  /** The id of the choice; absent: denied in whatever way the agent knows. */
  readonly choice?: string;
  readonly allow: boolean;
  /** With an answer that allows an inquiry. */
  readonly replies?: Replies;
  readonly by: AnsweredBy;
  /** Wall time, ms. */
  readonly at: number;
  /** The rule that decided, or what else there is to say. */
  readonly why?: string;
}

/** What a caller answers, and to which question (R17.1). */
export interface GivenAnswer {
  /** `allow` or `deny` this once, or the id of one of the choices. */
  readonly choice: string;
  /** The id of the question; absent: the only one that is open. */
  readonly question?: string;
  /** What is said to each inquiry, where it makes such; `choice` is `allow` then. */
  readonly replies?: Replies;
  /** With an answer that allows: an allow rule for as long as the loop lives (R17.2). */
  readonly rule?: string;
}

/** A question of a loop (R17.1). */
export interface Question extends AskedQuestion {
  /** When it was first seen: wall time, ms. */
  readonly at: number;
  readonly answer?: Answer;
}

/** What a loop's user has permitted for this loop alone (R17.2). */
export interface Permits {
  /** Allow rules that hold as long as the loop lives. */
  readonly rules: readonly string[];
  /** Answers that were given while no process was there to take them: each is for one request that is the same. */
  readonly once: readonly {
    readonly request: PermissionRequest;
    readonly kind: ChoiceKind;
    readonly replies?: Replies;
  }[];
}

/** Rules of tools and patterns, such as `Command(npm test *)` (R17.2). */
export interface PermissionRules {
  readonly allow: readonly string[];
  readonly ask: readonly string[];
  readonly deny: readonly string[];
}

export const NO_PERMITS: Permits = { rules: [], once: [] };

/** Those of these questions that nobody has answered. */
export function openQuestions({ asking }: { readonly asking?: readonly Question[] }): readonly Question[] {
  return asking?.filter(({ answer }) => answer === undefined) ?? [];
}
