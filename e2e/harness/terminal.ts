import { expect } from '@playwright/test';
import type { TestAgent } from './agent';

/** A terminal that writes what is typed to a file, running and on the screen; resolves with its middle. */
export async function typedTerminal(agent: TestAgent, file = '/tmp/typed'): Promise<{ x: number; y: number }> {
  await agent.must('launch_application', { path: '/usr/bin/xterm', args: ['-e', `cat > ${file}`] });
  await expect.poll(() => agent.shell(`cat ${file} 2>/dev/null || echo none`)).toBe('');
  const at = { x: 0, y: 0 };
  await expect
    .poll(async () => {
      const { windows } = (await agent.must('list_windows')).structured as {
        windows: { processName: string; x: number; y: number; width: number; height: number }[];
      };
      const found = windows.find(({ processName }) => processName === 'xterm');
      if (found)
        Object.assign(at, { x: Math.round(found.x + found.width / 2), y: Math.round(found.y + found.height / 2) });
      return found !== undefined || JSON.stringify(windows);
    })
    .toBe(true);
  return at;
}
