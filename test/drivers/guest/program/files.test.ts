import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeInput, type GuestRoot, makeGuestRoot, shells } from './guest-root.ts';

const guests: GuestRoot[] = [];
const servers: Server[] = [];
afterEach(() => {
  for (const guest of guests.splice(0)) guest.remove();
  for (const server of servers.splice(0)) server.close();
});

/** Serves a body whose first `failures` replies break off in the middle. */
async function serve(body: string, failures: number): Promise<string> {
  let left = failures;
  const server = createServer((request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': body.length - from,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` } : {}),
    });
    if (left-- > 0) response.write(body.slice(from, from + 10), () => response.destroy());
    else response.end(body.slice(from));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/file`;
}

describe.each(shells)('what the program offers to a library under %s', (shell) => {
  const make = (): GuestRoot => {
    const guest = makeGuestRoot(shell);
    guests.push(guest);
    return guest;
  };

  it('downloads, resuming what broke off', async () => {
    const guest = make();
    const body = 'kubernetes'.repeat(1000);
    const url = await serve(body, 2);
    const run = await guest.evaluate(
      `download ${url} "$ROOT/opt/kubeadm" && verify_sha256 "$ROOT/opt/kubeadm" $(printf %s "$1" || :)${createHash('sha256').update(body).digest('hex')}`,
    );
    expect(run.code).toBe(0);
    expect(guest.read('opt/kubeadm')).toBe(body);
    expect(guest.has('opt/kubeadm.part')).toBe(false);
  });

  it('leaves nothing of a download that failed', async () => {
    const guest = make();
    const run = await guest.evaluate(`download ${await serve('x'.repeat(100), 99)} "$ROOT/opt/kubeadm"`);
    expect([run.code, run.stderr]).toEqual([1, expect.stringMatching(/could not download http/)]);
    expect([guest.has('opt/kubeadm'), guest.has('opt/kubeadm.part')]).toEqual([false, false]);
  });

  it('refuses a file with another digest, and one that is missing', async () => {
    const guest = make();
    guest.write('file', 'content');
    const hex = createHash('sha512').update('content').digest('hex');
    expect((await guest.evaluate(`verify_sha512 "$ROOT/file" ${hex.toUpperCase()}`)).code).toBe(0);
    for (const text of [`"$ROOT/file" ${'0'.repeat(128)}`, '"$ROOT/file" ""', `"$ROOT/missing" ${hex}`]) {
      expect((await guest.evaluate(`verify_sha512 ${text}`)).code).toBe(1);
    }
  });

  it('installs a file in one act with its mode', async () => {
    const guest = make();
    guest.write('new', 'new content');
    guest.write('usr/bin/tool', 'old', 0o600);
    expect((await guest.evaluate('install_file "$ROOT/new" "$ROOT/usr/bin/tool" 0755')).code).toBe(0);
    expect(guest.read('usr/bin/tool')).toBe('new content');
    expect(statSync(join(guest.root, 'usr/bin/tool')).mode & 0o777).toBe(0o755);
    expect((await guest.evaluate('install_file "$ROOT/missing" "$ROOT/usr/bin/tool" 0755')).code).toBe(1);
    expect(guest.read('usr/bin/tool')).toBe('new content');
  });

  it('installs only the packages that are missing', async () => {
    const guest = make();
    guest.stub('dpkg-query', 'case $4 in there) printf installed ;; *) exit 1 ;; esac');
    guest.stub('apt-get', ':');
    expect((await guest.evaluate('install_packages there')).code).toBe(0);
    expect(guest.calls().filter((call) => call.startsWith('apt-get'))).toEqual([]);
    expect((await guest.run(['install-packages', 'there', 'conntrack'])).code).toBe(0);
    expect(guest.calls().at(-1)).toMatch(/^apt-get .*install conntrack$/);
    guest.stub('apt-get', 'exit 100');
    expect((await guest.evaluate('install_packages conntrack')).stderr).toMatch(
      /could not install: conntrack; is a package mirror/,
    );
  });

  it('keeps the endpoint in the hosts file and in the template of cloud-init', async () => {
    const guest = make();
    guest.write('etc/kreconcile/node.env', "ENDPOINT_HOST='api.dev.example'\n");
    guest.write('etc/hosts', '127.0.0.1 localhost\n');
    guest.write('etc/cloud/templates/hosts.debian.tmpl', '127.0.1.1 {{hostname}}\n');
    for (const address of ['192.168.122.10', '192.168.122.10', '192.168.122.11']) {
      expect((await guest.evaluate(`set_endpoint_hosts ${address}`)).code).toBe(0);
    }
    const line = '192.168.122.11 api.dev.example # kreconcile endpoint\n';
    expect(guest.read('etc/hosts')).toBe(`127.0.0.1 localhost\n${line}`);
    expect(guest.read('etc/cloud/templates/hosts.debian.tmpl')).toBe(`127.0.1.1 {{hostname}}\n${line}`);
    expect((await guest.evaluate("set_endpoint_hosts '1.2.3.4 evil'")).code).toBe(1);
    guest.write('etc/kreconcile/node.env', "ENDPOINT_HOST='192.168.122.10'\n");
    guest.write('etc/hosts', '');
    await guest.evaluate('set_endpoint_hosts 192.168.122.10');
    expect(guest.read('etc/hosts')).toBe('');
  });

  it('waits for a condition, and not for ever', async () => {
    const guest = make();
    expect((await guest.evaluate('wait_for 5 true')).code).toBe(0);
    expect((await guest.evaluate('wait_for 0 false')).code).toBe(1);
  });

  it('reads input as it was sent, whatever is in it', async () => {
    const guest = make();
    const value = 'a "b" $(c) `d`\nline = two\\n';
    const run = await guest.evaluate(
      'INPUT=$(cat); input value; input absent; input "v.*"',
      encodeInput({ other: 'no', value }),
    );
    expect(run.stdout).toBe(value);
  });

  it.each(['plain', 'with "quotes" and \\ backslash', 'two\nlines\tand a tab', 'control \u0001 byte', 'ümlaut €', ''])(
    'writes %j as JSON',
    async (text) => {
      const guest = make();
      guest.write('text', `${text}.`);
      const run = await guest.evaluate('text=$(cut -d. -f1 <"$ROOT/text"); json_string "$text"');
      expect(JSON.parse(run.stdout)).toBe(text.replace('\u0001', ' '));
    },
  );

  it.each([
    [true, 'systemctl daemon-reload,systemctl restart kubelet'],
    [false, 'rc-service kubelet restart'],
  ])('restarts a service (systemd: %s)', async (systemd, calls) => {
    const guest = make();
    if (systemd) guest.write('run/systemd/system/.keep', '');
    guest.stub('systemctl', ':');
    guest.stub('rc-service', ':');
    expect((await guest.evaluate('service_restart kubelet')).code).toBe(0);
    expect(guest.calls().join()).toBe(calls);
  });
});
