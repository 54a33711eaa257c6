/** A URL with a scheme, and what is written like `git@github.com:owner/name`. */
const URL_FORM = /^[a-z][a-z0-9+.-]*:\/\/(?:[^@/]*@)?(?<host>\[[^\]]*\]|[^/:]+)(?::\d*)?\/(?<path>.*)$/i;
const SCP_FORM = /^(?:[^@/]+@)?(?<host>[^/:@]{2,}):(?<path>(?!\/\/).*)$/;

/**
 * The address of a remote as every clone of it gives it, however it was cloned (R16.4): `host/path` in lower case,
 * without scheme, user, password, port and `.git`; the path of a repository on a disk as it is. Two repositories that
 * come out alike do no harm: a commit of one is not in the other.
 */
export function repositoryAddress(remote: string): string {
  const url = remote.trim();
  const onDisk =
    /^file:\/\/(?:localhost)?(\/.*)$/i.exec(url)?.[1] ?? (/^(?:\/|\.|[A-Za-z]:[\\/])/.test(url) ? url : undefined);
  if (onDisk !== undefined) return plain(onDisk);
  const { host, path } = (URL_FORM.exec(url) ?? SCP_FORM.exec(url))?.groups ?? {};
  if (host === undefined || path === undefined) return plain(url);
  return plain(`${host}/${path.replace(/^\/+/, '')}`).toLowerCase();
}

function plain(path: string): string {
  return path.replace(/[\\/]+$/, '').replace(/\.git$/i, '');
}
