/** What a page loads to be a client, without a machine of its own. */
export { connect } from '@quorate/client';
export { wsLinks } from '@quorate/transport-ws';
