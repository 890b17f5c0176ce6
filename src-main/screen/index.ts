export { createScreenHubs, type HubsOptions } from './hub/hubs';
