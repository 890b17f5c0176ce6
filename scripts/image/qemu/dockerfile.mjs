/**
 * The instructions of a Dockerfile, in order: comments dropped, continued lines joined as Docker's classic builder does.
 * @param {string} dockerfile @returns {{ name: string, text: string }[]}
 */
export const instructionsOf = (dockerfile) => {
  const instructions = [];
  let pending = '';
  for (const line of dockerfile.split('\n')) {
    if (/^\s*(#|$)/.test(line)) continue;
    if (/\\\s*$/.test(line)) {
      pending += line.replace(/\\\s*$/, '');
      continue;
    }
    const [, name, text] = /^\s*(\w+)\s+(.*)$/.exec(pending + line) ?? [];
    if (!name) throw new Error(`not an instruction: ${line}`);
    instructions.push({ name: name.toUpperCase(), text: text.trim() });
    pending = '';
  }
  return instructions;
};

const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * A shell script that does in a folder what the builder does in a container: `sh script ROOT CONTEXT`. It knows what our
 * own recipe uses (ENV, RUN in the shell form, COPY of a folder) and refuses the rest rather than leaving it out.
 * Before each instruction it prints `Step N/M : …`, as the builder does.
 * @param {string} dockerfile
 */
export const scriptOf = (dockerfile) => {
  const instructions = instructionsOf(dockerfile);
  const environment = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root'];
  const lines = ['set -eu', 'root=$1', 'context=$2'];
  instructions.forEach(({ name, text }, index) => {
    lines.push(`echo ${quote(`Step ${index + 1}/${instructions.length} : ${name}`)}`);
    switch (name) {
      case 'ENV':
        environment.push(...text.split(/\s+/));
        break;
      case 'RUN':
        lines.push(`chroot "$root" /usr/bin/env -i ${environment.map(quote).join(' ')} /bin/sh -ec ${quote(text)}`);
        break;
      case 'COPY': {
        const [from, to, ...more] = text.split(/\s+/);
        if (more.length > 0 || !from?.endsWith('/') || !to?.endsWith('/'))
          throw new Error(`cannot carry out: COPY ${text}`);
        lines.push(`mkdir -p "$root"${quote(to)}`);
        // Into what is there, whose folders keep their modes; files belong to root, as the builder has it.
        lines.push(
          `tar -C "$context"/${quote(from)} --owner=0 --group=0 --mode=u+rwX,go+rX,go-w -c . | tar -C "$root"${quote(to)} --no-overwrite-dir --keep-directory-symlink -x`,
        );
        break;
      }
      case 'ARG':
      case 'FROM':
      case 'SHELL':
      case 'USER':
      case 'WORKDIR':
      case 'ENTRYPOINT':
      case 'CMD':
        // Where to begin and how a container starts: a machine's init knows.
        break;
      default:
        throw new Error(`cannot carry out: ${name} ${text}`);
    }
  });
  return `${lines.join('\n')}\n`;
};
