// Becomes a program of another user, in the same process; for root only:
//
//     node as-user.ts UID GID PROGRAM [ARGUMENT ...]
const [uid, gid, program = '', ...args] = process.argv.slice(2);

process.setgroups?.([]);
process.setgid?.(Number(gid));
process.setuid?.(Number(uid));
process.execve?.(program, [program, ...args], process.env);
