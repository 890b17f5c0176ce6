/** Marks of what is ours. Without the installation's own label a container is somebody else's, whatever its name. */
export const labels = {
  installation: 'dev.wheelhouse.installation',
  machine: 'dev.wheelhouse.machine',
  pool: 'dev.wheelhouse.pool',
  image: 'dev.wheelhouse.image',
  /** Of a volume: the home that it is. Of a machine: the home that it has. Of a helper: the home that it looks at. */
  home: 'dev.wheelhouse.home',
  /** A container that is no machine: it looks at a home for the broker of this run, and goes when that has what it wanted. */
  helper: 'dev.wheelhouse.helper',
} as const;

export const containerName = (installationId: string, machineId: string): string =>
  `wheelhouse-${installationId}-${machineId}`;

export const volumeName = (installationId: string, homeId: string): string =>
  `wheelhouse-${installationId}-home-${homeId}`;
