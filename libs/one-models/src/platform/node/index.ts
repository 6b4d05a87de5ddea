export { dialWs } from './ws-dial.ts';
export { listenWs, type ListenOptions, type SocketOrigin } from './ws-listener.ts';
