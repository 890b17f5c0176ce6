/**
 * How much Docker is wanted: `needed`, or the set-up fails; `or-qemu`: where it can't be had, QEMU takes its place;
 * `if-there`: it is started where it is installed, and nobody minds when it is not; `no`: it is left alone.
 * @typedef {'needed' | 'or-qemu' | 'if-there' | 'no'} Docker
 */

/** The value of `--name VALUE` or `--name=VALUE`; undefined when it is not there. */
const valueOf = (args, name) => {
  const joined = args.find((arg) => arg.startsWith(`${name}=`));
  if (joined) return joined.slice(name.length + 1);
  const at = args.indexOf(name);
  return at < 0 ? undefined : args[at + 1];
};

/**
 * What the arguments of `npm start`, `npm run serve` and `npm run setup` ask of the set-up, and those that go on to the
 * app. Docker is the usual; QEMU is set up when it is asked for (`--backend qemu`, `--qemu`) or is all there is
 * (`--no-docker`). Pure. Throws on a backend that there is not.
 * @param {string[]} args
 * @returns {{ wants: { docker: Docker, qemu: boolean }, rest: string[], backend: 'docker' | 'qemu' | null }}
 */
export const wantsOf = (args) => {
  const asked = valueOf(args, '--backend');
  if (args.some((arg) => arg === '--backend' || arg.startsWith('--backend=')) && asked !== 'docker' && asked !== 'qemu')
    throw new Error(`--backend takes docker or qemu, not ${asked ?? 'nothing'}`);
  const without = args.includes('--no-docker');
  if (without && asked === 'docker') throw new Error('--backend docker and --no-docker do not go together');
  const backend = asked ?? (without ? 'qemu' : null);
  const own = new Set(['--no-docker', '--qemu']);
  const rest = args.filter((arg) => !own.has(arg));
  const docker = () => {
    if (without) return 'no';
    if (backend === 'docker' || args.includes('--qemu')) return 'needed';
    return backend === 'qemu' ? 'if-there' : 'or-qemu';
  };
  return {
    wants: { docker: docker(), qemu: backend === 'qemu' || args.includes('--qemu') },
    rest: without && !asked ? [...rest, '--backend', 'qemu'] : rest,
    backend,
  };
};
