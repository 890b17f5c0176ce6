import type { ContainerCreateOptions, MountSettings } from 'dockerode';
import type { MachineSpec } from '../backend';
import { homeFolder } from './homeHelper';
import { containerName, labels } from './labels';

const mebibyte = 1024 * 1024;

/** The in-guest agent's user; the session's programs run as another one. */
const agentUser = '990:990';
/** Where the agent listens: a folder of its own user, which no program of the session can look into. */
export const guestLinkFolder = '/run/wheelhouse/private/link';

/**
 * One machine as the engine is asked for it. Not root, no capability, no new privileges, our own seccomp profile, no
 * network, no engine socket, nothing of this computer but the link's folder; memory with no swap beyond it, processes,
 * CPU, log and open files bounded; ended before the programs of this computer when memory runs out.
 */
export function containerOptions(
  spec: MachineSpec,
  host: {
    installationId: string;
    linkFolder: string;
    seccompProfile: string;
    cpus: number;
    /** The volume of the machine's home; null: the home goes with the machine. */
    homeVolume?: string | null;
  },
): ContainerCreateOptions {
  const memory = spec.size.memoryMiB * mebibyte;
  return {
    name: containerName(host.installationId, spec.machineId),
    Image: spec.image,
    Cmd: [`${spec.size.width}x${spec.size.height}`],
    User: agentUser,
    Hostname: 'desktop',
    Labels: {
      [labels.installation]: host.installationId,
      [labels.machine]: spec.machineId,
      [labels.pool]: spec.poolId,
      [labels.image]: spec.image,
      ...(spec.home && { [labels.home]: spec.home.homeId }),
    },
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    OpenStdin: false,
    Tty: false,
    NetworkDisabled: true,
    StopTimeout: 1,
    HostConfig: {
      NetworkMode: 'none',
      Binds: [`${host.linkFolder}:${guestLinkFolder}:rw`],
      // A volume that is still empty gets what the image has there, with its owner and rights.
      ...(host.homeVolume && { Mounts: [homeMount(host.homeVolume)] }),
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true', `seccomp=${host.seccompProfile}`],
      Privileged: false,
      IpcMode: 'private',
      PidMode: '',
      UsernsMode: '',
      Memory: memory,
      MemorySwap: memory,
      PidsLimit: 1024,
      // The engine refuses more than the computer has.
      NanoCpus: Math.round(Math.min(spec.size.cpus, host.cpus) * 1e9),
      ShmSize: Math.min(memory / 2, 512 * mebibyte),
      Ulimits: [
        { Name: 'nofile', Soft: 8192, Hard: 8192 },
        { Name: 'core', Soft: 0, Hard: 0 },
      ],
      OomScoreAdj: 500,
      RestartPolicy: { Name: 'no' },
      AutoRemove: false,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } },
    },
  };
}

const homeMount = (volume: string): MountSettings => ({
  Type: 'volume',
  Source: volume,
  Target: homeFolder,
  VolumeOptions: { NoCopy: false, Labels: {}, DriverConfig: { Name: 'local', Options: {} } },
});
