// Services of CHUM (spec 40 §3). Results of 2, 4 and 5 are JSON inside of a JSON string.
//
//   no  name                        who asks     arguments         result
//    1  GET_PROTOCOL_VERSION        importer     –                 number 8
//    2  GET_ACCESSIBLE_ROOTS        importer     –                 text: JSON of AccessibleRoot[]
//    3  NEW_ACCESSIBLE_ROOT_EVENT   exporter     –                 undefined
//    4  GET_OBJECT_CHILDREN         importer     hash              text: JSON of ChildObject[]
//    5  GET_ID_OBJECT_CHILDREN      importer     ID hash           the same
//    6  GET_OBJECT                  importer     hash              text: microdata
//    7  GET_ID_OBJECT               importer     ID hash           text: ID microdata
//    8  GET_BLOB                    importer     hash, encoding    stream; encoding undefined: bytes (BLOB), "utf8": texts (CLOB)
//   10  FIN                         importer     –                 undefined; the exporter's services vanish then
export const PROTOCOL_VERSION = 8;

export const services = {
    protocolVersion: 1,
    accessibleRoots: 2,
    newAccessibleRoot: 3,
    objectChildren: 4,
    idObjectChildren: 5,
    object: 6,
    idObject: 7,
    blob: 8,
    fin: 10,
} as const;

/** What an object leads to; of an `id` the ID object alone, not its versions (spec 40 §4). */
export interface ChildObject {
    readonly type: 'object' | 'id' | 'blob' | 'clob';
    /** For `id` the ID hash. */
    readonly hash: string;
}
