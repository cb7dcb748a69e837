/**
 * Our cloud-config and the user's as one multipart message. cloud-init merges the second into the first: lists (runcmd, write_files, users) are
 * appended, and where both set one value ours stays, so that no user-data can break what kreconcile needs.
 * Source: cloud-init, "Merging user-data sections", header X-Merge-Type / Merge-Type of a part.
 */
export function joinUserData(own: string, given: string): string {
  const boundary = '==kreconcile==';
  const part = (text: string, ...headers: string[]) =>
    [
      `--${boundary}`,
      'Content-Type: text/cloud-config; charset="utf-8"',
      'MIME-Version: 1.0',
      'Content-Transfer-Encoding: base64',
      ...headers,
      '',
      Buffer.from(text).toString('base64').replaceAll(/.{76}/g, '$&\n'),
    ].join('\n');
  return [
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    'MIME-Version: 1.0',
    '',
    part(own),
    part(given, 'Merge-Type: list(append)+dict(no_replace,recurse_list)+str()'),
    `--${boundary}--`,
    '',
  ].join('\n');
}
