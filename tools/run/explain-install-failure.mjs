const TAIL_LINES = 15;

/** npm's error codes, each with what a person can do about it. The first that occurs in the output wins. */
const causes = [
    [
        /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT/,
        'The package registry cannot be reached. Connect to the network (or check the proxy and registry that' +
            ' `npm config list` shows), then run the command again.',
    ],
    [/ENOSPC/, 'The disk is full. About 1.5 GB are needed; free some space, then run the command again.'],
    [
        /EACCES|EPERM|EROFS/,
        'The folder cannot be written. Check who owns it and its node_modules, then run the command again.',
    ],
    [
        /EUSAGE/,
        'package-lock.json does not match package.json. After changing dependencies run' +
            ' `npm install && npm run lock` and commit the lock file.',
    ],
    [/EINTEGRITY/, 'A downloaded package is damaged. Run `npm cache verify`, then run the command again.'],
];

/**
 * What went wrong in `npm ci`, in one sentence. Only for a cause nobody has met before the last lines of npm follow.
 * @param {string} output what npm wrote to stderr
 * @returns {string}
 */
export function explainInstallFailure(output) {
    const known = causes.find(([pattern]) => pattern.test(output));
    if (known) return `Cannot install the packages. ${known[1]}`;
    const tail = output.trim().split('\n').slice(-TAIL_LINES).join('\n');
    return `Cannot install the packages. npm says:\n${tail || '(nothing)'}`;
}
