import { OneError } from '../errors.ts';

/** Codes of refused requests (spec 40 §3) and of what a peer sent that is not taken over (spec 40 §6.3, §10). */
export type ChumErrorCode =
    | 'UTC-EHASH'
    | 'UTC-EIDHASH'
    | 'CES-GOC1'
    | 'CES-GIDOC1'
    | 'CES-GO1'
    | 'CES-GO2'
    | 'CES-GIDO1'
    | 'CES-GIDO2'
    | 'CES-GBL1'
    | 'CES-GBL2'
    | 'M2O-PH1'
    | 'CS-MISMATCH'
    | 'DAH-PAO1'
    | 'DAH-PAO2'
    | 'DAH-PAO3'
    | 'DC-PC1'
    | 'DC-PC2'
    | 'DC-PC3'
    | 'DC-PC4'
    | 'CIEC-FO1'
    | 'CIEC-FO2'
    | 'CIEC-FO3'
    | 'CIEC-FOWT1'
    | 'CIEC-FIDO1'
    | 'CIEC-FIDO2'
    | 'CIEC-FIDO3'
    | 'CIEC-FIDOWT1'
    | 'CIEC-FBL1'
    | 'CIEC-FBL2'
    | 'CI-ACO'
    | 'CI-ACIDO'
    | 'CI-CCI1'
    | 'CI-CCI2'
    | 'CHUM_TOO_LARGE'
    | 'CHUM_CLOB_NOT_TEXT'
    | 'CHUM_LIST_INVALID'
    | 'CHUM_VERSION_REFUSED'
    | 'CHUM_OBJECT_REFUSED';

export class ChumError extends OneError {
    readonly code: ChumErrorCode;

    /** @param message without code and full stop */
    constructor(code: ChumErrorCode, message: string, options?: ErrorOptions) {
        super(`${message} (${code}).`, options);
        this.code = code;
    }
}
