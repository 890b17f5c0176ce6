/** In the data folder of a house under trial. */
export const pointsFile = 'points.txt';
export const agentFile = 'agent.txt';
