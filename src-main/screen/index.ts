export { createScreenHubs } from './hub/hubs';
export { createRelay, type Relay } from './relay/relay';
export { createTickets, type Tickets } from './tickets';
