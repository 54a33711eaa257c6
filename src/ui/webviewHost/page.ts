/** The parameters of a webview page. */
export interface Page {
  /** The source of scripts and styles: `webview.cspSource`. */
  readonly cspSource: string;
  /** Random letters and digits, new for each page. */
  readonly nonce: string;
  /** Webview URIs of script and style sheet. */
  readonly script: string;
  readonly style: string;
  readonly title: string;
}

/**
 * The HTML of a webview: only our script and style sheet. Its content security policy forbids all else (inline script
 * or style, images, fonts, frames, forms, connections), so that agent output cannot run or fetch anything, even if it
 * got into the document.
 */
export function pageHtml({ cspSource, nonce, script, style, title }: Page): string {
  const policy = [
    "default-src 'none'",
    `style-src ${cspSource}`,
    `script-src 'nonce-${nonce}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
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
