/** The notice about problems of the settings: sentences that begin with the name of the setting. */
export function settingsNeedAttention(problems: readonly [string, ...string[]]): string {
  const [first] = problems;
  return problems.length === 1
    ? first
    : `${problems.length} settings need attention. Check Agents and the Loops view list all of them. ` +
        `The first: ${first}`;
}
