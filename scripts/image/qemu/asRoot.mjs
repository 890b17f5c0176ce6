/**
 * The command that runs another one as root of the files it makes: as it is for root, else in a user namespace with the
 * numbers that /etc/subuid gives this user (uidmap's newuidmap does that without root).
 * @param {string[]} command
 */
export const asRoot = (command) =>
  process.getuid?.() === 0 ? command : ['unshare', '--map-root-user', '--map-auto', '--', ...command];
