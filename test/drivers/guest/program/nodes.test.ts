import { afterEach, describe, expect, it } from 'vitest';
import { encodeInput, type GuestRoot, makeGuestRoot, shells } from './guest-root.ts';

const guests: GuestRoot[] = [];
afterEach(() => {
  for (const guest of guests.splice(0)) guest.remove();
});

const library = `
kube() { printf "%s\\n" "kube $*" >>"$ROOT/calls"; sh "$ROOT/kube.sh" "$@"; }
dist_join_info() { echo 'token=abc'; echo 'hash=sha256:12'; }
dist_kubeconfig() { cat "$ROOT/admin.conf"; }
`;

describe.each(shells)('calls under %s', (shell) => {
  /** A control plane whose API says of each node what `state` prints: unschedulable, then our annotation. */
  const make = (state: string, drain = 'exit 0'): GuestRoot => {
    const guest = makeGuestRoot(shell, library);
    guests.push(guest);
    guest.write('etc/kreconcile/node.env', "DISTRIBUTION='kubeadm'\nROLE='control-plane'\n");
    guest.write('kube.sh', `case $1 in get) printf %s '${state}' ;; drain) ${drain} ;; esac`);
    return guest;
  };
  const acts = (guest: GuestRoot): readonly string[] =>
    guest
      .calls()
      .filter((call) => !call.startsWith('kube get'))
      .map((call) => call.replace(/^kube /, '').replace(/ --request-timeout=\S+/, ''));

  it.each([
    [
      'cordon',
      '- ',
      [
        'patch node dev-w-1 --type=merge -p {"metadata":{"annotations":{"kreconcile.dev/cordoned":"true"}},"spec":{"unschedulable":true}}',
      ],
    ],
    ['cordon', 'true ', []],
    ['cordon', 'true ours', []],
    [
      'uncordon',
      'true ours',
      [
        'patch node dev-w-1 --type=merge -p {"metadata":{"annotations":{"kreconcile.dev/cordoned":null}},"spec":{"unschedulable":null}}',
      ],
    ],
    ['uncordon', 'true ', []],
    ['remove-node', '', ['delete node dev-w-1 --ignore-not-found --wait=false']],
  ])('%s of a node that is "%s" asks for %j', async (verb, state, expected) => {
    const guest = make(state);
    const run = await guest.run(['call', verb], encodeInput({ node: 'dev-w-1' }));
    expect([run.code, run.stdout]).toEqual([0, '']);
    expect(acts(guest)).toEqual(expected);
  });

  it.each(['', '--all', 'a b', 'A', 'x;reboot', '../x'])('refuse the node name %j', async (node) => {
    const guest = make('');
    expect((await guest.run(['call', 'remove-node'], encodeInput({ node }))).code).toBe(1);
    expect(guest.calls()).toEqual([]);
  });

  it('answer in lines of key and value', async () => {
    const guest = make('');
    expect((await guest.run(['call', 'join-info'])).stdout).toBe('token=abc\nhash=sha256:12\n');
    guest.write('admin.conf', 'kind: Config\n');
    expect((await guest.run(['call', 'kubeconfig'])).stdout).toBe(
      `kubeconfig=${Buffer.from('kind: Config\n').toString('base64')}\n`,
    );
    guest.write('admin.conf', '');
    expect((await guest.run(['call', 'kubeconfig'])).code).toBe(1);
  });

  it('drain cordons first and evicts within the time that was asked', async () => {
    const guest = make('- ');
    const operation = 'var/lib/kreconcile-guest/operations/drain-1';
    guest.write(`${operation}/input`, encodeInput({ node: 'dev-w-1', timeout: '300' }));
    guest.write(`${operation}/verb`, 'drain\n');
    guest.write(`${operation}/started`, '1700000000000');
    expect((await guest.run(['run', 'drain', 'drain-1'])).code).toBe(0);
    expect(acts(guest)).toEqual([
      expect.stringMatching(/^patch node dev-w-1 .*"unschedulable":true/),
      'drain dev-w-1 --ignore-daemonsets --delete-emptydir-data --timeout=300s',
    ]);
    await guest.run(['run', 'drain', 'drain-2']);
    expect(guest.read('var/lib/kreconcile-guest/operations/drain-2/error')).toBe('input node is not a name');
  });

  it('drain that fails names the pods that block it and gives the node back', async () => {
    const refusal = `printf '%s\\n' 'error when evicting pods/"db-0" -n "shop" (will retry after 5s): Cannot evict pod as it would violate the pod disruption budget.' "error: unable to drain node dev-w-1 due to error: [error when evicting pods/\\"db-0\\" -n \\"shop\\": global timeout reached: 1s, cannot delete Pods that declare no controller (use --force to override): shop/bare, default/other], continuing command..."; exit 1`;
    const guest = make('true ours', refusal);
    const operation = 'var/lib/kreconcile-guest/operations/drain-1';
    guest.write(`${operation}/input`, encodeInput({ node: 'dev-w-1', timeout: '1' }));
    guest.write(`${operation}/verb`, 'drain\n');
    guest.write(`${operation}/started`, '1700000000000');
    expect((await guest.run(['run', 'drain', 'drain-1'])).code).toBe(1);
    expect(guest.read(`${operation}/error`)).toMatch(
      /^drain of dev-w-1 failed, blocked by: default\/other shop\/bare shop\/db-0; /,
    );
    expect(acts(guest)).toEqual([
      'drain dev-w-1 --ignore-daemonsets --delete-emptydir-data --timeout=1s',
      expect.stringMatching(/"unschedulable":null/),
    ]);
  });
});
