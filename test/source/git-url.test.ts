import { describe, expect, it } from 'vitest';
import { summary } from '../../src/source/git-errors.ts';
import { parseGitUrl } from '../../src/source/git-url.ts';

describe('the address of a repository', () => {
  it.each([
    ['https://git.example/team/x.git', 'https://git.example/team/x.git'],
    ['https://robot@git.example:8443/x.git', 'https://git.example:8443/x.git'],
    ['ssh://git@git.example:2222/x.git', 'ssh://git@git.example:2222/x.git'],
    ['git@git.example:team/x.git', 'git@git.example:team/x.git'],
    ['git://git.example/x.git', 'git://git.example/x.git'],
  ])('%s is remote and is shown as %s', (text, shown) => {
    expect(parseGitUrl(text)).toMatchObject({ shown, argument: shown, localPath: null });
  });

  it.each([
    ['/srv/git/x.git', '/srv/git/x.git'],
    ['file:///srv/with%20space', '/srv/with space'],
  ])('%s is on this host', (text, localPath) => expect(parseGitUrl(text)).toMatchObject({ localPath }));

  it('refuses a password without repeating it', () => {
    for (const url of ['https://robot:s3cret@git.example/x.git', 'ssh://git:s3cret@git.example/x']) {
      let error: unknown;
      try {
        parseGitUrl(url);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({ code: 'ConfigInvalid', hint: expect.stringContaining('tokenFile') });
      expect(String(error)).not.toContain('s3cret');
    }
  });

  it.each([
    'ext::sh -c id',
    '--upload-pack=id',
    'fd::17',
    'x',
    '',
    'https://',
    'ftp://h/x',
    '-oProxyCommand=id:x',
    'file://host/x',
  ])('refuses %j', (text) =>
    expect(() => parseGitUrl(text)).toThrowError(expect.objectContaining({ code: 'ConfigInvalid' })),
  );
});

describe('what git said', () => {
  it('is one bounded line without credentials and control characters', () => {
    const text = summary(
      `exit code 128\nfatal: unable to access 'https://u:p@h/x/': \u001b[31mno\u0007\n${'x'.repeat(999)}`,
    );
    expect(text).toContain("unable to access 'https://h/x/'");
    expect(text).not.toMatch(/\p{Cc}|u:p/u);
    expect(text.length).toBeLessThanOrEqual(302);
  });
});
