/** What a webview page is made of. */
export interface Page {
  /** Where the webview may load from: `webview.cspSource`. */
  readonly cspSource: string;
  /** Made anew for each page: letters and digits. */
  readonly nonce: string;
  /** Addresses of its script and style sheet within the webview. */
  readonly script: string;
  readonly style: string;
  readonly title: string;
}

/**
 * The page of a webview: empty but for its own script and style sheet. The policy forbids everything else: no inline script or style, no image,
 * font, frame, form or connection, so that nothing from an agent can act or be fetched, whatever gets into the document.
 */
export function pageHtml({ cspSource, nonce, script, style, title }: Page): string {
  const policy = `default-src 'none'; style-src ${cspSource}; script-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1.0">
<link rel="stylesheet" href="${escapeHtml(style)}">
<title>${escapeHtml(title)}</title>
</head>
<body>
<script nonce="${nonce}" src="${escapeHtml(script)}"></script>
</body>
</html>
`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
