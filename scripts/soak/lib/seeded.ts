/** Random numbers (0 up to 1) that a seed repeats: SOAK_SEED, or a new one. What other processes do is not repeated. */
export function seeded(seed = Number(process.env['SOAK_SEED'] ?? Math.floor(Math.random() * 2 ** 31))) {
  let state = seed % 2_147_483_646 || 1;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  return { seed, random };
}
