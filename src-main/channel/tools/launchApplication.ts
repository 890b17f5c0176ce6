import { z } from 'zod';
import { settle } from '../fields';
import { splitArguments } from '../splitArguments';
import { actTool } from '../tool';
import { target } from '../words';

const one = z.string().max(4096);

export const launchApplication = actTool({
  kind: 'act',
  asksAgent: true,
  name: 'launch_application',
  title: 'Start a program',
  description:
    'Starts a program of the desktop and returns at once. path is a full path or a name such as "chromium", "mousepad", "xterm". args is a list, or one string that is split at spaces outside quotes. It runs as the desktop\'s user, without a shell.',
  input: z.strictObject({
    path: z.string().min(1).max(1024),
    args: z.union([z.array(one).max(64), one]).optional(),
    settle,
  }),
  destructive: true,
  words: ({ path }) => `Started ${target(path.slice(path.lastIndexOf('/') + 1))}`,
  async run(context, { path, args }) {
    const list = typeof args === 'string' ? splitArguments(args) : (args ?? []);
    const started = await context.live.guest.launch({ epoch: context.epoch, path, args: list });
    return { structured: { path: started.path, pid: started.pid } };
  },
});
