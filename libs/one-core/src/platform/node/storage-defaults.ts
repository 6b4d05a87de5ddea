/** Whether a new store is encrypted unless asked otherwise: here the secret would stand beside it, in a file. */
export const encryptByDefault = false;
