/** Marks of what is ours. Without the installation's own label a container is somebody else's, whatever its name. */
export const labels = {
  installation: 'dev.wheelhouse.installation',
  machine: 'dev.wheelhouse.machine',
  pool: 'dev.wheelhouse.pool',
  image: 'dev.wheelhouse.image',
} as const;

export const containerName = (installationId: string, machineId: string): string =>
  `wheelhouse-${installationId}-${machineId}`;
