// Where ours does something else than the deployed instances of chum-transcripts.json, and what it does then. By side of a scenario.
import { answered, asked, ending, refused, reordered, type Edit } from './chum-edits.ts';

export interface TranscriptDeviation {
    /** Section of spec 40, and why. */
    readonly because: string;
    readonly edits?: readonly Edit[];
    /** Members of the Chum object, of errors their codes; instead of a failure or what was recorded. */
    readonly chum?: Readonly<Record<string, unknown>>;
}

/** What a group is granted in 6a, as 6b shows it. */
const groupRoots = [
    {
        type: 'unversioned',
        hash: '7e9921ca183daa609467739568ee10c5b7c896e39b7ea3f122dc6ddef7077da5',
        oneType: 'ChumTestNote',
    },
    { type: 'id', idHash: '893d9f1b10073e8b20642b21a437881cca98abb85c5e35c242d15e06f124bd6b', oneType: 'ChumTestDoc' },
    {
        type: 'version_node',
        node: 'bdbd390cb28186ee7a2ae9bc0045c98192edb2bce8efec3edf93cad9722f6312',
        dataIdHash: '893d9f1b10073e8b20642b21a437881cca98abb85c5e35c242d15e06f124bd6b',
        dataType: 'ChumTestDoc',
    },
];
const VERSION = 8;

export const transcriptDeviations: Readonly<Record<string, TranscriptDeviation>> = {
    '3a/B': {
        because: '13: requests of version groups may be permuted; ours fetches one group after the other',
        edits: [reordered('B>A', 18, 20, 21, 23, 26, 27, 19, 22, 24, 25, 28, 29)],
    },
    '6a/A': {
        because: '11.10: group grants count without a filter',
        edits: [answered({ 9: JSON.stringify(groupRoots) })],
    },
    '7/A': {
        because: '11.11: what was revoked is refused at the next request',
        edits: [refused({ 52: 'CES-GO1' })],
        chum: {
            AtoBObjects: [
                '7d05b5997b3f82b36838053cda76cfe13b7fad6e25eef4e79cf9bef4be4e17b1',
                'd4df91cdc4e5305fb7cc3de13d0d13c72eca5cb9a64947e335470faac13b00c7',
            ],
            errors: [
                ...['CES-GO1', 'CES-GOC1', 'CES-GO1', 'CES-GO1', 'CES-GOC1', 'CES-GBL1', 'CES-GO2', 'CES-GIDO2'],
                ...['CES-GO1', 'M2O-PH1', 'UTC-EHASH', 'UTC-EHASH', 'CES-GBL2', 'CES-GO1'],
            ],
        },
    },
    '9/B': {
        because: '7.2 (a): what comes before the session begins is kept for it, and answered',
        edits: [reordered('A>B', 0, 2, 4, 1, 3, 5), answered({ 1: VERSION, 3: VERSION, 5: VERSION })],
    },
    '10/B': {
        because: '7.3: without exports the services are offered nevertheless, and list nothing',
        edits: [
            answered(
                Object.fromEntries(
                    [3, 7, 9, 11, 13, 15, 17, 21, 23, 25, 27, 29, 31, 35, 37, 39].map(n => [n, VERSION]),
                ),
            ),
            asked(39, 'A>B', 2, [], '[]'),
        ],
        chum: { statistics: { requestsSentTotal: 4, requestsReceivedTotal: 17, requestsReceivedInvalid: 0 } },
    },
    '12/B': {
        because: '11.9: an error in a version group does not end the session',
        edits: [ending(16, { dir: 'A>B', close: { code: 1000, reason: 'Close called: enough' } })],
        chum: {
            statistics: { requestsSentTotal: 6, requestsReceivedTotal: 2, requestsReceivedInvalid: 0 },
            errors: ['OR-ET1', 'OR-ET1'],
        },
    },
    '13/A': {
        because: '11.10: Access, IdAccess and Group objects are never listed',
        edits: [answered({ 7: '[]' }), refused({ 9: 'CES-GIDOC1', 11: 'CES-GIDO1', 13: 'CES-GOC1', 15: 'CES-GO1' })],
        chum: { AtoBObjects: [], AtoBIdObjects: [], errors: ['CES-GIDOC1', 'CES-GIDO1', 'CES-GOC1', 'CES-GO1'] },
    },
    '13/B': {
        because: '11.9: an error in a version group does not end the session',
        edits: [ending(16, { dir: 'A>B', close: { code: 1000, reason: 'Close called: enough' } })],
        chum: {
            statistics: { requestsSentTotal: 6, requestsReceivedTotal: 2, requestsReceivedInvalid: 0 },
            errors: ['CIEC-FIDO3', 'CIEC-FO3'],
        },
    },
};
