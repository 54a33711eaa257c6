import assert from 'node:assert/strict';
import { kindAt, parseMountInfo, parseMounts } from '../../src/process/environment/networkDisk.ts';

const LINUX = `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
50 27 0:40 / /home rw,relatime shared:9 - nfs4 server:/home rw,vers=4.2
51 50 0:41 / /home/me/local\\040disk rw - xfs /dev/sdb rw
52 27 0:42 / /mnt/sshfs rw - fuse.sshfs me@host:/ rw
53 27 0:43 / /mnt/crypt rw - fuse.gocryptfs x rw
54 27 0:44 / /mnt/c rw - 9p C: rw
55 27 0:45 / /srv rw - ext4 /dev/sdc rw
56 27 0:46 / /srv rw - cifs //server/srv rw
`;

describe('R16.5 network disks', () => {
  for (const [path, kind] of [
    ['/var/lib/x', 'local'],
    ['/home', 'network'],
    ['/home/me/.config/x', 'network'],
    ['/homes/me', 'local'],
    ['/home/me/local disk/x', 'local'],
    ['/mnt/sshfs/x', 'network'],
    ['/mnt/crypt/x', 'local'],
    ['/mnt/c/Users/me', 'network'],
    ['/srv/x', 'network'],
  ] as const) {
    it(`Linux: ${path} is ${kind}`, () => assert.equal(kindAt(path, parseMountInfo(LINUX)), kind));
  }

  it('macOS: by what mount prints', () => {
    const mounts = parseMounts(
      '/dev/disk3s1s1 on / (apfs, sealed, local)\nserver:/home on /Users/me (nfs, nodev)\n//me@server/x on /Volumes/My Disk (smbfs, nodev)\n',
    );
    assert.deepEqual(
      ['/private/var', '/Users/me/Library', '/Users/you', '/Volumes/My Disk/x'].map((path) => kindAt(path, mounts)),
      ['local', 'network', 'local', 'network'],
    );
  });

  it('what makes no sense is no network', () => {
    for (const text of ['', 'x', '22 27 0:21', '\0']) assert.equal(kindAt('/x', parseMountInfo(text)), 'local');
  });
});
