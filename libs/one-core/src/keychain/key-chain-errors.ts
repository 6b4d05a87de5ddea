import { OneError } from '../errors.ts';

/** The key chain refuses; codes of spec 31 §10, and our own where it asks for a refusal without one. */
export class KeyChainError extends OneError {
    readonly code:
        | 'KEYMKM-HASKEY'
        | 'KEYMKM-NOKEY'
        | 'KEYMKM-NOKEYDEC'
        | 'KEYCH-NODEFKEYS'
        | 'KEYCH-HASDEFKEYS'
        | 'KEYCH-CDK1'
        | 'KEYCHAIN_INCOMPLETE'
        | 'KEYCHAIN_MISSING'
        | 'KEYCHAIN_LOCKED_MEANWHILE'
        | 'KEYS_NOT_FOUND'
        | 'KEYS_DAMAGED';

    constructor(code: KeyChainError['code'], message: string, options?: ErrorOptions) {
        super(`${message} (${code}).`, options);
        this.code = code;
    }
}

/** The secret does not open the master key. Nothing was changed; try again with another one. */
export class WrongSecretError extends OneError {
    readonly code = 'CYENC-SYMDEC';

    constructor(options: ErrorOptions) {
        super(
            'Cannot open the key chain: the secret is wrong, or one of the files keychain_salt and keychain_masterkey ' +
                'is damaged (CYENC-SYMDEC). Nothing was changed.',
            options,
        );
    }
}
