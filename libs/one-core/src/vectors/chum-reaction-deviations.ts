// Where ours does something else than the deployed instance of chum-reactions.json, and what it does then. By case.
import { answered, ending, failed, without, type Edit } from './chum-edits.ts';
import type { Frame } from './chum-frames.ts';

export interface ReactionDeviation {
    /** Section of spec 40, and why. */
    readonly because: string;
    readonly edits?: readonly Edit[];
    /** In place of the recorded result. */
    readonly failed?: string;
    readonly ok?: {
        readonly errors?: readonly string[];
        readonly received?: readonly number[];
        readonly statistics?: Readonly<Record<string, number>>;
    };
    readonly stored?: Readonly<Record<string, boolean>>;
}

const NONE = [0, 0, 0, 0];
const notes = [
    {
        type: 'unversioned',
        hash: 'a17a05f49bf8293f6dfd9cb6a323fe04ff469d4a7ac12766fcdb661ba4cf503c',
        oneType: 'ChumTestNote',
    },
    {
        type: 'unversioned',
        hash: '5d52dccbf19bd099b679d01192c19b0484a3c470e4327d92cf34f85255971f04',
        oneType: 'ChumTestNote',
    },
];

/** The pass ends as if nothing had happened but so many errors, and then the connection. */
function goesOn(from: number, requestId: number, errors: number): Edit {
    const normal = `Close called: Chum ended [1] normally. Error count ${errors}`;
    return ending(
        from,
        sent({ requestId, type: 'request', serviceId: 10, args: [] }),
        came({ responseId: requestId, type: 'data', data: '$__undefined$' }),
        came({ requestId: 0, type: 'request', serviceId: 10, args: [] }),
        sent({ responseId: 0, type: 'data', data: '$__undefined$' }),
        { dir: 'R>P', close: { code: 1000, reason: normal } },
    );
}

function endsWith(from: number, reason: string): Edit {
    return ending(from, { dir: 'R>P', close: { code: 1000, reason: `Close called: Chum ended [1] ${reason}` } });
}

function sent(message: object): Frame {
    return { dir: 'R>P', text: JSON.stringify(message) };
}

function came(message: object): Frame {
    return { dir: 'P>R', text: JSON.stringify(message) };
}

function counted(requestsSentTotal: number, requestsReceivedTotal: number): Readonly<Record<string, number>> {
    return { requestsSentTotal, requestsReceivedTotal, requestsReceivedInvalid: 0 };
}

export const reactionDeviations: Readonly<Record<string, ReactionDeviation>> = {
    I05: {
        because: '10: an entry of an unknown type is skipped',
        edits: [goesOn(4, 2, 1)],
        ok: { errors: ['DAH-PAO3'], received: NONE, statistics: counted(3, 1) },
    },
    I12: {
        because: '6.3 (a): references to objects are looked at, too',
        edits: [endsWith(12, 'normally. Error count 1')],
        ok: { errors: ['CI-ACO'], received: NONE },
        stored: { c6c54f759d6affaaeb593407f65fa4ca01fefdc563b3eb01a3823dd99dc011b8: false },
    },
    I15: {
        because: '6.3 (b): wrong bytes are forgotten',
        stored: { d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa: false },
    },
    I16: {
        because: '2.5: stream-error finishes a request, so that nothing is left to refuse',
        edits: [without('R>P', 9)],
    },
    I17: {
        because: '13: the logged code depends on timing; ours has one for all streams that it refuses',
        ok: { errors: ['STREAM_REFUSED'] },
    },
    I19: {
        because: '6.3 (c): only a stream is a BLOB',
        edits: [without('R>P', 8, 9), endsWith(14, 'normally. Error count 1')],
        ok: { errors: ['CIEC-FBL1'], received: NONE, statistics: counted(5, 1) },
        stored: { e2b679886f7088dcbd667a53032a8ad2719f269b7af4498f81a0bba612e8c284: false },
    },
    I20: {
        because: '6.4: an error in a version group does not end the importer',
        edits: [goesOn(10, 5, 1)],
        ok: { errors: ['CI-CCI1'], statistics: counted(6, 1) },
    },
    I21: {
        because: '6.4: an error in a version group does not end the importer',
        edits: [goesOn(8, 4, 1)],
        ok: { errors: ['CI-CCI2'], received: NONE, statistics: counted(5, 1) },
    },
    T02: {
        because: '2.6, quirk 3: binary messages that are too short are ignored',
        edits: [
            ending(
                3,
                sent({ requestId: 1, type: 'request', serviceId: 2, args: [] }),
                came({ responseId: 1, type: 'data', data: '[]' }),
                { n: 3, dir: 'R>P', close: { code: 1000, reason: '' } },
            ),
            goesOn(3, 2, 0),
        ],
        ok: { errors: [], received: NONE, statistics: counted(3, 1) },
    },
    T03: {
        because: '2.6, quirk 3: binary messages that are too short are ignored',
        edits: [goesOn(5, 2, 0)],
        ok: { errors: [], received: NONE, statistics: counted(3, 1) },
    },
    T04: {
        because: '10: an error response without error is one with an empty message',
        edits: [endsWith(2, 'with error: <text>')],
        failed: 'WSRQ-JRMH1',
    },
    T07: {
        because: '2.4: a text is no list of arguments',
        edits: [failed(11), endsWith(18, 'normally. Error count 1')],
        ok: { errors: ['UTC-EHASH'] },
    },
    E02: {
        because: '9: what could not be read is an error of serving, which the person here has to hear of',
        edits: [endsWith(14, 'normally. Error count 1')],
        ok: { errors: ['SST-CR3'] },
    },
    E03: {
        because: '3.2: a grant for an object that is missing is left out',
        edits: [answered({ 7: JSON.stringify(notes) }), endsWith(10, 'normally. Error count 0')],
        ok: { errors: [] },
    },
};
