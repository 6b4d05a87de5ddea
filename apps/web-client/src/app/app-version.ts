/** Version of this page. A test keeps it equal to package.json, whose other content does not belong into the page. */
export const APP_VERSION = '0.1.0';
