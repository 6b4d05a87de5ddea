import { flag, integer, name, url } from './arguments.ts';
import { command, type Commands } from './command.ts';

export const connectionCommands: Commands = {
    listen: command({
        args: { host: name.default('127.0.0.1'), port: integer(0, 65_535), advertise: url.optional() },
        result: '{url, advertised}',
        about: 'port 0: any that is free',
        run: async ({ addresses }, { host, port, advertise }) => {
            const where = await addresses.listen({ host, port }, advertise);
            return { url: where, advertised: addresses.advertised ?? null };
        },
    }),
    'connect-commserver': command({
        args: { url },
        result: '{advertised}',
        about: 'does not wait until it is reached: see `online-state`',
        run: async ({ addresses }, { url: commServer }) => {
            await addresses.register(commServer);
            return { advertised: addresses.advertised ?? null };
        },
    }),
    'online-state': command({
        args: {},
        result: '{online}',
        about: 'true when registered at all configured communication servers',
        run: ({ connections }) => ({ online: connections.onlineState }),
    }),
    'connections-info': command({
        args: {},
        result:
            '[{protocolName, isConnected, isCatchAll, enabled, remotePersonId, remoteInstanceId, remotePublicKey, ' +
            'routes: [{name, active, enabled}], statistics}]',
        run: ({ connections }) =>
            connections.connectionsInfo().map(info => ({
                ...{ protocolName: info.protocolName, isConnected: info.isConnected, isCatchAll: info.isCatchAll },
                ...{ enabled: info.enabled, remotePersonId: info.remotePersonId },
                ...{ remoteInstanceId: info.remoteInstanceId, remotePublicKey: info.remotePublicKey },
                routes: info.routes.map(route => ({ name: route.name, active: route.active, enabled: route.enabled })),
                statistics: info.connectionStatisticsLog,
            })),
    }),
    'connections-enable': command({
        args: { enabled: flag },
        result: '{}',
        about: 'connects or disconnects everything',
        run: async ({ connections }, { enabled }) => {
            if (enabled) connections.enableAllConnections();
            else await connections.disableAllConnections();
            return {};
        },
    }),
};
