/** Whether a new store is encrypted unless asked otherwise: whoever has the device finds a browser's files. */
export const encryptByDefault = true;
