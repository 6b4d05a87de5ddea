export type RefusalCode =
    | 'NAME_INVALID'
    | 'NAME_TAKEN'
    | 'SCOPE_UNKNOWN'
    | 'PLATFORM_UNKNOWN'
    | 'PORT_INVALID'
    | 'PORT_TAKEN'
    | 'DESCRIPTION_INVALID'
    | 'LAYERS_UNREADABLE';

/** What was asked for cannot be generated; nothing was written. The message names the thing and the remedy. */
export class GeneratorRefusal extends Error {
    override readonly name = 'GeneratorRefusal';
    readonly code: RefusalCode;

    constructor(code: RefusalCode, message: string) {
        super(message);
        this.code = code;
        // Where it was thrown says nothing to the person who mistyped a name, and Nx would advertise the stack.
        delete this.stack;
    }
}
