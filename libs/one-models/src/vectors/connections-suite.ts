// connections.json: the section `invitation` (spec 52). Handshake, relay and pairing follow with their chapters; then a
// section that is not read will be a failure here, too.
import { expectEqual, type VectorSuite } from '@refinio/one.core/vectors';
import { formatInvitationLink, parseInvitation, serializeInvitation, type Invitation } from '../pairing/invitation.ts';

interface ConnectionVectors {
    readonly invitation: {
        readonly invitation: Invitation;
        readonly json: string;
        readonly fragment: string;
        readonly links: { readonly personInvitation: string; readonly deviceInvitation: string; readonly lama: string };
    };
}

export const connectionsSuite: VectorSuite = {
    file: 'connections.json',
    cases: json => {
        const { invitation, json: text, fragment, links } = (json as ConnectionVectors).invitation;
        return [
            {
                name: 'invitation/written',
                run: () => {
                    expectEqual(serializeInvitation(invitation), text, 'JSON');
                    const [person, device] = [links.personInvitation, links.deviceInvitation];
                    expectEqual(formatInvitationLink(invitation, 'person', 'edda.one'), person, 'link for a person');
                    expectEqual(formatInvitationLink(invitation, 'device', 'edda.one'), device, 'link for a device');
                },
            },
            ...(
                [
                    ['fragment', fragment, undefined],
                    ['link for a person', links.personInvitation, 'person'],
                    ['link for a device', links.deviceInvitation, 'device'],
                    ['LAMA link with white space', `  ${links.lama}\n`, 'person'],
                ] as const
            ).map(([what, link, mode]) => ({
                name: `invitation/${what}`,
                run: () => expectEqual(parseInvitation(link), { invitation, mode }, what),
            })),
        ];
    },
};
