import type { Container, ContainerInspectInfo } from 'dockerode';
import { sleep } from '../../base/deadline';
import { WheelhouseError } from '../../base/errors';
import type { MachineSpec, ObservedMachine } from '../backend';
import { containerOptions } from './containerOptions';
import { engineMs, statusOf, type Engine } from './engine';
import type { DockerHomes } from './homes';
import { containerName, labels } from './labels';

/** The containers of one installation. Each is looked at before it is touched: without our label it is left alone. */
export class DockerMachines {
  private cpus: number | null = null;

  constructor(
    private readonly engine: Engine,
    private readonly installationId: string,
    private readonly seccompProfile: () => string,
    private readonly homes: Pick<DockerHomes, 'take'>,
  ) {}

  /** Creates and starts, or finishes what an earlier call began. Throws image_missing, guest_failed, backend_unreachable. */
  async start(spec: MachineSpec, linkFolder: string, signal: AbortSignal): Promise<void> {
    const container = await this.make(spec, linkFolder, signal);
    try {
      await this.engine.run(
        'start the machine',
        signal,
        (_, abortSignal) => container.start({ abortSignal }),
        engineMs.slow,
      );
    } catch (error) {
      const alreadyRunning = 304;
      if (statusOf(error) !== alreadyRunning) throw error;
    }
  }

  private async make(spec: MachineSpec, linkFolder: string, signal: AbortSignal): Promise<Container> {
    const { home, machineId } = spec;
    if (!home) return this.makeWith(spec, linkFolder, null, signal);
    return this.homes.take(machineId, home, signal, (volume) => this.makeWith(spec, linkFolder, volume, signal));
  }
  private async makeWith(
    spec: MachineSpec,
    linkFolder: string,
    homeVolume: string | null,
    signal: AbortSignal,
  ): Promise<Container> {
    this.cpus ??= (await this.engine.run('describe itself', signal, (docker) => docker.info())).NCPU as number;
    const host = {
      installationId: this.installationId,
      linkFolder,
      cpus: this.cpus,
      homeVolume,
      seccompProfile: this.seccompProfile(),
    };
    try {
      return await this.engine.run(
        'create the machine',
        signal,
        (docker, abortSignal) => docker.createContainer({ ...containerOptions(spec, host), abortSignal }),
        engineMs.slow,
      );
    } catch (error) {
      const nameTaken = 409;
      if (statusOf(error) !== nameTaken) throw error;
    }
    const found = await this.settled(spec.machineId, signal);
    if (found && (found.State.Status === 'created' || found.State.Running)) return this.container(spec.machineId);
    const what = found ? `was made before and is ${found.State.Status}` : 'has a name that is taken';
    throw new WheelhouseError('guest_failed', `The machine ${spec.machineId} ${what}.`, {
      machineId: spec.machineId,
    });
  }

  /** Starts the session's supervisor as the session's user. A second one finds the place taken and ends. */
  async startSession(machineId: string, signal: AbortSignal): Promise<void> {
    const exec = await this.engine.run('prepare the session', signal, (_, abortSignal) =>
      this.container(machineId).exec({
        Cmd: ['/usr/bin/node', '/opt/wheelhouse/agent.cjs', '--session'],
        User: 'agent',
        // Not its home, which may be locked: it opens that itself.
        WorkingDir: '/',
        AttachStdin: false,
        AttachStdout: false,
        AttachStderr: false,
        abortSignal,
      }),
    );
    await this.engine.run('start the session', signal, (_, abortSignal) =>
      exec.start({ Detach: true, abortSignal } as Parameters<typeof exec.start>[0]),
    );
  }

  async list(signal: AbortSignal): Promise<ObservedMachine[]> {
    const filters = { label: [`${labels.installation}=${this.installationId}`] };
    const found = await this.engine.run('list its containers', signal, (docker, abortSignal) =>
      docker.listContainers({ all: true, filters, abortSignal }),
    );
    return found
      .filter((one) => one.Labels[labels.installation] === this.installationId && one.Labels[labels.machine])
      .map((one) => ({
        machineId: one.Labels[labels.machine] ?? '',
        poolId: one.Labels[labels.pool] ?? '',
        image: one.Labels[labels.image] ?? one.Image,
        running: one.State === 'running',
        paused: one.State === 'paused',
        state: one.State,
      }));
  }

  /** The container of a machine, ready for a call. Throws guest_failed when it does not exist or is not ours. */
  async own(machineId: string, signal: AbortSignal): Promise<Container> {
    if (!(await this.inspect(machineId, signal))) {
      throw new WheelhouseError('guest_failed', `There is no machine ${machineId}.`, { machineId });
    }
    return this.container(machineId);
  }

  /** `last` gets the home that stays, while the machine still runs with it. */
  async destroy(machineId: string, signal: AbortSignal, last: (homeId: string) => Promise<void>): Promise<void> {
    const found = await this.inspect(machineId, signal);
    if (!found) return;
    const homeId = found.Config.Labels[labels.home];
    if (homeId !== undefined && found.State.Running && !found.State.Paused) await last(homeId);
    try {
      await this.engine.run(
        'remove the machine',
        signal,
        (_, abortSignal) => this.container(machineId).remove({ force: true, v: true, abortSignal }),
        engineMs.slow,
      );
    } catch (error) {
      const [gone, underWay] = [404, 409];
      if (statusOf(error) === gone) return;
      if (statusOf(error) !== underWay) throw error;
      await this.untilGone(machineId, signal);
    }
  }

  private async untilGone(machineId: string, signal: AbortSignal): Promise<void> {
    const giveUpAt = performance.now() + engineMs.slow;
    while (await this.inspect(machineId, signal)) {
      if (performance.now() > giveUpAt) {
        throw new WheelhouseError('timeout', `The machine ${machineId} is not gone yet.`, { machineId });
      }
      await sleep(100, signal);
    }
  }

  /** The engine takes a name before the container can be seen: another call may be making it just now. */
  private async settled(machineId: string, signal: AbortSignal): Promise<ContainerInspectInfo | null> {
    for (const giveUpAt = performance.now() + engineMs.quick; ; await sleep(20, signal)) {
      const found = await this.inspect(machineId, signal);
      if (found || performance.now() > giveUpAt) return found;
    }
  }

  /** Null when there is none. Throws guest_failed for a container of this name that is not ours. */
  private async inspect(machineId: string, signal: AbortSignal): Promise<ContainerInspectInfo | null> {
    const found = await this.engine.find('inspect the machine', signal, (_, abortSignal) =>
      this.container(machineId).inspect({ abortSignal }),
    );
    if (!found) return null;
    const marks = found.Config.Labels;
    if (marks[labels.installation] === this.installationId && marks[labels.machine] === machineId) return found;
    throw new WheelhouseError('guest_failed', `A container with the name of ${machineId} is not ours.`, { machineId });
  }

  private container(machineId: string): Container {
    return this.engine.docker.getContainer(containerName(this.installationId, machineId));
  }
}
