import { DirectListeners } from '../../connections/routes/direct-listeners.ts';
import type { Dial } from '../../transports/message-socket.ts';
import { dialWs } from './ws-dial.ts';
import { listenWs } from './ws-listener.ts';

/** What `ConnectionsModel` needs of Node: one for all instances of a process, as they share their listeners. */
export function nodeTransports(): { readonly dial: Dial; readonly direct: DirectListeners } {
    return { dial: dialWs, direct: new DirectListeners(listenWs) };
}
