/** Where a remote's repository is on the web. */
export interface Hosted {
  /** `https://github.com`, with a port where the remote has one. */
  readonly site: string;
  readonly host: string;
  /** `owner/name`, on GitLab with groups before. */
  readonly path: string;
}

/** The source and target of a pull request. */
export interface Comparison {
  readonly branch: string;
  /** The host's own default if absent. */
  readonly into?: string | undefined;
}

/** `git@host:path`, as ssh has it. */
const SCP_LIKE = /^(?:[^@/]+@)?([^:/]+):(?!\/\/)(.+)$/;
/** Paths that need no escaping: no address is made of any other. */
const PATH = /^[\w.~-]+(?:\/[\w.~-]+)+$/;
/** Hosts that only ssh uses, for networks that let nothing but port 443 through. */
const SSH_ONLY = /^(?:alt)?ssh\.(?=github\.com$|gitlab\.com$|bitbucket\.org$)/;

/** The address without a user's password or token: what may be shown. */
export function withoutSecret(address: string): string {
  return address.replace(/^(\w+:\/\/)[^/@]*:[^/@]*@/, '$1').replace(/^(https?:\/\/)[^/@]+@/, '$1');
}

/** Where the repository of a remote is on the web; undefined for a folder, or an alias of ssh. */
export function hostedAt(address: string): Hosted | undefined {
  const parts = /^\w+:\/\//.test(address) ? ofUrl(address) : ofScp(address);
  if (!parts?.host.includes('.')) return undefined;
  const path = parts.path.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '');
  return PATH.test(path) ? { ...parts, path } : undefined;
}

function ofUrl(address: string): Hosted | undefined {
  if (!URL.canParse(address)) return undefined;
  const { protocol, hostname, host, pathname } = new URL(address);
  if (protocol === 'http:' || protocol === 'https:')
    return { site: `${protocol}//${host}`, host: hostname, path: pathname };
  if (protocol !== 'ssh:' && protocol !== 'git:' && protocol !== 'git+ssh:') return undefined;
  const name = hostname.replace(SSH_ONLY, '');
  return { site: `https://${name}`, host: name, path: pathname };
}

function ofScp(address: string): Hosted | undefined {
  const [, host, path] = SCP_LIKE.exec(address) ?? [];
  const name = host?.toLowerCase().replace(SSH_ONLY, '');
  return name && path ? { site: `https://${name}`, host: name, path } : undefined;
}

/** Whether `gh` may know the host. */
export function mayBeGitHub({ host }: Hosted): boolean {
  return !/gitlab|bitbucket/.test(host);
}

/** The page on which a pull request of a branch is written; undefined for a host whose addresses we do not know. */
export function comparePage({ host, site, path }: Hosted, { branch, into }: Comparison): string | undefined {
  const named = branch.split('/').map(encodeURIComponent).join('/');
  if (host === 'github.com' || /(^|\.)github\./.test(host)) {
    const base = into === undefined ? '' : `${into.split('/').map(encodeURIComponent).join('/')}...`;
    return `${site}/${path}/compare/${base}${named}?expand=1`;
  }
  if (/(^|\.)gitlab\./.test(host)) {
    const query = { 'merge_request[source_branch]': branch, ...(into && { 'merge_request[target_branch]': into }) };
    return `${site}/${path}/-/merge_requests/new?${new URLSearchParams(query)}`;
  }
  if (host === 'bitbucket.org')
    return `${site}/${path}/pull-requests/new?${new URLSearchParams({ source: branch, ...(into && { dest: into }) })}`;
  return undefined;
}

/** The page that a host names when a branch is pushed to it; only one of its own. */
export function pageNamedBy(said: string, { host }: Hosted): string | undefined {
  const links = said.split('\n').flatMap((line) => /^remote:.*?(https?:\/\/\S+)/.exec(line)?.[1] ?? []);
  return links.find((link) => URL.canParse(link) && new URL(link).hostname === host);
}
