/** The local calendar day of a wall time (ms) as `YYYY-MM-DD`, as the ledger names days (R6.1). */
export function localDay(at: number): string {
  const date = new Date(at);
  const pad = (n: number) => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}
