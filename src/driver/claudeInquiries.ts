import { type InquiryRecord, LONGEST_INQUIRY, MOST_INQUIRIES } from '../asking/questionRecords.ts';
import { itemsIn, type JsonObject, objectIn, textIn } from './json.ts';

/** What Claude Code's tool `AskUserQuestion` asks; undefined if that is nothing, or too much to show. */
export function claudeInquiries(input: JsonObject): readonly InquiryRecord[] | undefined {
  const inquiries = itemsIn(input['questions']).map(objectIn).map(inquiryIn);
  const texts = inquiries.flatMap(({ text, options }) => [text, ...options.map(({ label }) => label)]);
  const isShown =
    inquiries.length > 0 &&
    Math.max(inquiries.length, ...inquiries.map(({ options }) => options.length)) <= MOST_INQUIRIES &&
    texts.every((text) => text !== '' && text.length <= LONGEST_INQUIRY);
  return isShown ? inquiries : undefined;
}

/** The input of that tool with the user's answers, as the tool reads them: by the text of each question. */
export function claudeAnswers(input: JsonObject, replies: readonly (readonly string[])[]): JsonObject {
  const answers = itemsIn(input['questions']).map((question, at) => {
    const { question: text, multiSelect } = objectIn(question);
    const said = replies[at] ?? [];
    return [textIn(text), multiSelect === true ? said.map(quoted).join(', ') : said.join(', ')];
  });
  return { ...input, answers: Object.fromEntries(answers) };
}

function inquiryIn(question: JsonObject): InquiryRecord {
  const options = itemsIn(question['options'])
    .map(objectIn)
    .map((option) => {
      const about = [option['description'], option['preview']].map(textIn).filter((text) => text !== '');
      return {
        label: textIn(option['label']),
        ...(about.length > 0 && { about: cut(about.join('\n')) }),
      };
    });
  return { text: textIn(question['question']), options, multiple: question['multiSelect'] === true };
}

function cut(text: string): string {
  return text.length > LONGEST_INQUIRY ? `${text.slice(0, LONGEST_INQUIRY - 1)}…` : text;
}

/** The tool splits lists at commas. */
function quoted(text: string): string {
  return text.includes(', ') || text.includes('"') ? JSON.stringify(text) : text;
}
