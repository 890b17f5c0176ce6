import { diskUsage, execIn, measureCommand, measureMs } from './exec';
import { logLines } from './stats';
import { engineMs } from './engine';
import { homeFolder, makeHelper, removeHelper, type Helpers } from './homeHelper';
import type { Measure } from './homeSizes';
import { containerName, volumeName } from './labels';

/**
 * How homes are measured: where a machine has one, by its own user in it (a folder that this user locked itself out of
 * counts as empty, which takes no room from others: no quota depends on it); else with a helper that reads everything.
 */
export const measureHome =
  (helpers: Helpers): Measure =>
  async (homeId, machineId, signal) => {
    const { engine, installationId } = helpers;
    const command = measureCommand(homeFolder);
    if (machineId !== null) {
      const container = engine.docker.getContainer(containerName(installationId, machineId));
      const bounds = { user: 'agent', folder: '/', timeoutMs: measureMs, maxBytes: 4096 };
      return diskUsage((await execIn(engine, container, { ...bounds, command }, signal)).output);
    }
    const volume = volumeName(installationId, homeId);
    const helper = await makeHelper(helpers, { homeId, volume, command }, signal);
    try {
      await engine.run('measure the home', signal, (_, abortSignal) => helper.start({ abortSignal }), engineMs.slow);
      await engine.run('measure the home', signal, (_, abortSignal) => helper.wait({ abortSignal }), engineMs.slow);
      const bytes = await engine.run('measure the home', signal, (_, abortSignal) =>
        helper.logs({ stdout: true, stderr: false, follow: false, abortSignal }),
      );
      return diskUsage(`${logLines(bytes).join('\n')}\n`);
    } finally {
      await removeHelper(engine, helper.id);
    }
  };
