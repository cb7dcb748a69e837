import * as z from 'zod';
import { parseDurationMs } from '../model/quantity.ts';
import { hostPort } from './fields/address.ts';
import { duration, wholeNumber } from './fields/amount.ts';
import { hostName } from './fields/name.ts';
import { isRepositoryPath } from './fields/path.ts';

/** Shortest time between two polls: a remote is somebody else's machine. */
const minPollMs = 1000;
const maxBlockerTimeoutMs = 60_000;

const ABSOLUTE = /^(?:\/[A-Za-z0-9._@+-]+)+$/;
const pathForm = 'an absolute path of letters, digits, ".", "_", "@", "+" and "-", without ".."';
/** Paths reach ssh and systemd, which read blanks, quotes and "%" as something else. */
const hostPath = z
  .string()
  .regex(ABSOLUTE, pathForm)
  .refine((path) => !path.split('/').some((part) => part === '.' || part === '..'), { error: pathForm })
  .meta({ title: 'absolute path' });

const urlForm = 'the address of a git repository: https://…, ssh://…, git@host:path, file:///… or an absolute path';
const gitAddress = z
  .string()
  .max(2048, 'at most 2048 characters')
  .regex(/^[^\s\p{Cc}-][^\s\p{Cc}]*$/u, urlForm)
  .refine((text) => !/:\/\/[^/@]*:[^/@]*@/.test(text), {
    error: `${urlForm}, without a password`,
    params: { hint: 'Put the password or token into a file of mode 0600 and name it as source.credentials.tokenFile.' },
  })
  .meta({ title: 'git address' });

const branchForm = 'a branch name as git allows it, such as main or site/prod';
const branch = z
  .string()
  .regex(/^(?![-/.])(?!.*(?:\.\.|\/\/|@\{|\/\.|\.lock(?:\/|$)|[/.]$))[^\s\p{Cc}~^:?*[\\]+$/u, branchForm)
  .meta({ title: 'branch name' });

const pollForm = 'a duration of 1s or more, such as 15s or 5m';

const credentials = z.strictObject({
  sshKeyFile: hostPath.optional().describe('Private SSH key, mode 0600.'),
  knownHostsFile: hostPath.optional().describe("Host keys that are trusted; default the user's and the system's own."),
  tokenFile: hostPath.optional().describe('File with a token or password for an https address, mode 0600.'),
  tokenCredential: z
    .string()
    .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/, 'the name of a systemd credential')
    .optional()
    .describe('Name of a systemd credential (LoadCredential=) with the token.'),
  username: z
    .string()
    .regex(/^[^\s\p{Cc}:]+$/u, 'a user name without blanks and ":"')
    .optional()
    .describe('User name that goes with the token. Default git.'),
});

const verify = z.strictObject({
  mode: z
    .enum(['none', 'head', 'strict'])
    .optional()
    .describe(
      'head: the newest commit must be signed; strict: each commit since the last good revision. Default head.',
    ),
  allowedSignersFile: hostPath
    .optional()
    .describe('SSH keys that are trusted, with the names of their owners, as ssh-keygen reads it.'),
  keyringFile: hostPath.optional().describe('OpenPGP keys that are trusted: what gpg --export wrote, not armoured.'),
});

const source = z.strictObject({
  url: gitAddress.optional().describe('The git repository to follow.'),
  folder: hostPath.optional().describe('A folder of this host instead of a repository.'),
  branch: branch.optional().describe("Default: the branch that the repository's HEAD names."),
  path: z
    .string()
    .refine(isRepositoryPath, { error: 'a path inside the repository, such as hosts/kvm1' })
    .optional()
    .describe('Folder of the manifests inside the repository. Default its root.'),
  pollInterval: duration
    .refine((text) => (parseDurationMs(text) ?? 0) >= minPollMs, { error: pollForm })
    .optional()
    .describe('Time between two looks. Default 15s.'),
  credentials: credentials.optional().describe('What a private repository asks for.'),
  verify: verify.optional().describe('Who must have signed what is enforced. Default nobody.'),
});

/** The unit sees folders of its own there: a file that somebody makes would not be seen. */
const blockerPath = hostPath.refine((path) => !/^\/(?:tmp|var\/tmp)(?:\/|$)/.test(path), {
  error: `${pathForm}, and not below /tmp or /var/tmp`,
  params: { hint: 'Take /run or /etc/kreconcile; the unit has a /tmp of its own.' },
});

const blocker = z
  .strictObject({
    file: blockerPath.optional().describe('Holds disruptions back while it exists.'),
    command: z
      .tuple([blockerPath], z.string().max(1000, 'at most 1000 characters'))
      .optional()
      .describe(
        "Program and arguments, without a shell, as the agent's user. Holds disruptions back unless it ends with 0.",
      ),
    timeout: duration
      .refine((text) => (parseDurationMs(text) ?? 0) <= maxBlockerTimeoutMs, { error: 'a duration of at most 60s' })
      .optional()
      .describe('Of the command; one that takes longer holds back. Default 10s.'),
    objects: z
      .array(z.string().regex(/^(?:Cluster|Machine)\/[a-z0-9-]+$/, 'Cluster/NAME or Machine/NAME'))
      .min(1)
      .optional()
      .describe('Those that it holds back. Default all of this host.'),
  })
  .refine(({ file, command }) => (file === undefined) !== (command === undefined), { error: 'either file or command' })
  .refine(({ file, timeout }) => file === undefined || timeout === undefined, {
    path: ['timeout'],
    error: 'timeout only with command',
  });

const listenForm = 'a port such as 9465, or an address with its port, such as 192.168.10.5:9465';

/** `/etc/kreconcile/agent.yaml`. */
export const agentSchema = z.strictObject({
  host: hostName.optional().describe('Name that `placement.host` compares with. Default the host name.'),
  owner: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/, 'lower-case letters, digits, "." and "-", at most 63 characters')
    .optional()
    .describe('Written into every domain: the domains of another owner are foreign. Default kreconcile.'),
  source: source.optional().describe('Where manifests come from. Default: the command line names a folder.'),
  hypervisor: z
    .strictObject({
      uri: z
        .string()
        .regex(/^[a-z][a-z0-9+]*:\/\/[^\s\p{Cc}]*$/u, 'a libvirt address such as qemu:///system, or sim:///folder')
        .optional()
        .describe('Default qemu:///system.'),
      allowEmulation: z.boolean().optional().describe('Run without hardware virtualisation. Default false.'),
    })
    .optional()
    .describe('The libvirt of this host.'),
  folders: z
    .strictObject({
      state: hostPath.optional().describe('Default /var/lib/kreconcile.'),
      images: hostPath.optional().describe('Default /var/lib/libvirt/images/kreconcile.'),
      kubeconfigs: hostPath.optional().describe('The drop directory. Default kubeconfigs/ in the state folder.'),
      run: hostPath.optional().describe('Of the control socket. Default /run/kreconcile.'),
    })
    .optional()
    .describe('Where things lie on this host.'),
  kubeconfigGroup: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/, 'the name of a group')
    .optional()
    .describe('Group that may read published kubeconfigs. Default none.'),
  controlGroup: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/, 'the name of a group')
    .optional()
    .describe(
      "Group that may use the control socket: status, plan, reconcile, suspend, confirm. Default none, so root and the agent's user.",
    ),
  placement: z
    .strictObject({
      takeUnplaced: z.boolean().optional().describe('Take objects without placement.host. Default false.'),
    })
    .optional()
    .describe('Which objects are taken.'),
  prune: z
    .strictObject({
      maxDeletes: wholeNumber(0, 1000)
        .optional()
        .describe('Objects that one revision may delete without a confirmation. Default 1.'),
    })
    .optional()
    .describe('Bounds of deletion.'),
  blockers: z.array(blocker).max(20).optional().describe('Files and commands of this host that hold disruptions back.'),
  listen: z
    .union(
      [
        z.int().min(1, listenForm).max(65535, listenForm),
        hostPort.refine((text) => /:\d+$/.test(text), { error: listenForm }),
      ],
      { error: listenForm },
    )
    .optional()
    .describe('Where metrics are served: a port of 127.0.0.1, or an address with its port. Default nowhere.'),
});
