export {
    formatInvitationLink,
    InvalidInvitationError,
    parseInvitation,
    serializeInvitation,
} from './pairing/invitation.ts';
export type { Invitation, InvitationMode, ReadInvitation } from './pairing/invitation.ts';
export type { InvitationStoreOptions } from './pairing/book-invitations.ts';
export { InstanceInvitations } from './pairing/instance-invitations.ts';
export { INVITATION_LIMITS, type InvitationLimits } from './pairing/invitation-limits.ts';
export {
    InvitationError,
    type InvitationClaim,
    type InvitationErrorCode,
    type InvitationState,
    type InvitationStore,
    type InvitationTerms,
} from './pairing/invitation-store.ts';
export { ensureTerms } from './pairing/invitation-terms.ts';
export { MemoryInvitations } from './pairing/memory-invitations.ts';

export { modelOptions } from './model-options.ts';
export { OneEvent } from './one-event.ts';
export * from './recipes/device-recipes.ts';
export { modelRecipes, modelReverseMaps, modelReverseMapsForIdObjects } from './recipes/model-recipes.ts';
export * from './recipes/people-recipes.ts';
export * from './recipes/trust-recipes.ts';
export type { Version } from './typed-objects.ts';

export { Blocking } from './leute/blocking.ts';
export { ContactList, type ContactCursor, type ContactPage, type ContactRow } from './leute/contact-list.ts';
export { ChannelError, type ChannelErrorCode } from './channels/channel-error.ts';
export type { ChannelUpdate } from './channels/channel-follower.ts';
export type { EntryHash, ListedEntry } from './channels/channel-list.ts';
export {
    ChannelManager,
    createChannelIn,
    Order,
    type ChannelManagerOptions,
    type ChannelSettings,
    type EntryQuery,
    type PostOptions,
} from './channels/channel-manager.ts';
export type { ChannelObject } from './channels/channel-objects.ts';
export { entryId, parseEntryId, type ChannelQuery, type OwnerQuery } from './channels/channel-query.ts';
export type { ChannelEntry, ChannelVersion } from './channels/channel-reading.ts';
export type { ChannelIdHash } from './channels/channel-registry.ts';
export { postIn, type ChannelId, type NewPost, type Posted } from './channels/post.ts';
export * from './recipes/channel-recipes.ts';

export { Endpoints, type LocalInstance } from './leute/endpoints.ts';
export { GroupModel, type MembersChanged } from './leute/group-model.ts';
export { LeuteError, type LeuteErrorCode } from './leute/leute-error.ts';
export type { ImportContactOptions } from './leute/known-keys.ts';
export { LeuteModel, type LeuteChange, type LeuteOptions } from './leute/leute-model.ts';
export type { OwnUrls } from './leute/own-endpoints.ts';
export { People } from './leute/people.ts';
export { PersonCache } from './leute/person-cache.ts';
export type { ShownPerson } from './leute/shown-person.ts';
export { createProfileIn, ProfileModel, type ProfileId } from './leute/profile-model.ts';
export { ensureShareable } from './leute/shareable.ts';
export { SomeoneModel } from './leute/someone-model.ts';
export * from './leute/well-known.ts';

export { Certificates, type FoundCertificate } from './trust/certificate-queries.ts';
export { certifyIn, type CertificateItems, type Certified } from './trust/certificates.ts';
export { DeviceModel } from './leute/device-model.ts';
export type { OwnDeviceState } from './trust/own-devices.ts';
export { getSignatures, signIn, verifies, type Named } from './trust/signatures.ts';
export { createSigner, type Signer } from './trust/signer.ts';
export type { KeyTrustInfo, Rights, RootKeyMode } from './trust/trust-decisions.ts';
export { TrustError } from './trust/trust-errors.ts';
export type { KnownPeople } from './trust/known-people.ts';
export { TrustedKeys } from './trust/trusted-keys.ts';

export { createChumChannel } from './connections/chum-channel.ts';
export type { RunningChum } from './connections/chum-sessions.ts';
export type { ConnectionInfo, RouteInfo } from './connections/connection-info.ts';
export {
    CONNECTIONS_DEFAULTS,
    ConnectionsModel,
    type ConnectionsModelOptions,
    type ConnectionsOptions,
    type ProtocolStart,
} from './connections/connections-model.ts';
export {
    LeuteConnections,
    type FailedConnection,
    type IdentifiedConnection,
    type LeuteConnectionsOptions,
} from './connections/leute-connections.ts';
export { DirectListeners, type Listen } from './connections/routes/direct-listeners.ts';
export type { IncomingConnectionConfiguration } from './connections/routes/route-ids.ts';
export { Connection, type ConnectionOptions } from './connections/connection.ts';
export { ConnectionError, type ConnectionErrorCode } from './connections/connection-error.ts';
export { acceptGroup, CONNECTION_GROUPS, openGroup } from './connections/group.ts';
export {
    acceptHandshake,
    initiateHandshake,
    type AcceptedHandshake,
    type HandshakeOptions,
    type LocalKey,
} from './connections/handshake.ts';
export {
    exchangeIdentities,
    type ExchangeOptions,
    type KnownPeer,
    type LocalIdentity,
    type PeerIdentity,
    type PeerRecords,
} from './connections/identities.ts';
export type { InstanceId, PersonId } from './connections/identity-objects.ts';
export type { Role } from './connections/layers/encryption.ts';
export type { Layer, LayerPlace } from './connections/layers/layer.ts';
export type { CloseEvent, ConnectionStatistics } from './connections/layers/statistics.ts';
export type { Message } from './connections/message.ts';
export type { Random } from './connections/random.ts';
export type { SetUpOptions } from './connections/set-up.ts';
export { Pairing, type CreatedInvitation, type NewInvitation, type PairingSuccess } from './pairing/pairing.ts';
export { PairingError } from './pairing/pairing-error.ts';
export { createSocketPair, type Line, type SocketPairOptions } from './transports/memory-sockets.ts';
export type { Dial, DialOptions, MessageSocket, SocketClosed, SocketListener } from './transports/message-socket.ts';
export { dialNative } from './transports/native-socket.ts';

export { RelayListener, type RelayListenerOptions, type RelayListenerState } from './comm-server/relay-listener.ts';
export { RELAY_LIMITS, type RelayLimits } from './comm-server/relay-limits.ts';
export { RelayServer, type RelayServerOptions, type RelayStatistics } from './comm-server/relay-server.ts';
