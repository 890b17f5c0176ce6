export { createScreenHubs, type HubsOptions } from './hub/hubs';
export { createRelay, relayLimits, type Relay, type RelayLimits, type RelayOptions } from './relay/relay';
export { createTickets, type TicketGrant, type Tickets } from './tickets';
