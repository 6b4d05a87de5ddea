import { allCommands } from './commands/all-commands.ts';
import { OPTIONS, variableOf } from './options.ts';

/** What `--help` prints. */
export function helpText(): string {
    const options = Object.entries({ ...OPTIONS, help: { value: '', about: 'this text' } });
    const width = Math.max(...options.map(([name, { value }]) => `--${name} ${value}`.length));
    const optionLines = options.map(([name, { value, about }]) => `  ${`--${name} ${value}`.padEnd(width)}  ${about}`);
    const commandLines = Object.entries(allCommands).map(([name, { usage, result, about }]) => {
        const line = `  ${[name, usage].filter(text => text !== '').join(' ')}\n      -> ${result}`;
        return about === undefined ? line : `${line}\n      ${about}`;
    });
    return `npm run peer -- --name NAME --secret SECRET [OPTION ...]

A process with one ONE instance, driven by JSON lines: requests on stdin, answers and events on stdout, everything else on
stderr. It ends when stdin closes.

${optionLines.join('\n')}

Each option may be an environment variable instead: ${variableOf('name')}, ${variableOf('secret')} and so on. A name is needed, and a secret.

  request  {"id": 1, "cmd": "COMMAND", ARGUMENTS}
  answer   {"id": 1, "ok": true, "result": ...} or {"id": 1, "ok": false, "error": {"name", "code", "message"}}
  event    {"event": "NAME", "at": MS, ...}: ready, pairing-success, protocol-start, connection-error, unhandled
  values   a map is {"$map": [[KEY, VALUE], ...]}, a set {"$set": [...]}, bytes {"$hex": "00ff"}

Commands with their arguments (those with ? may be left out) and results:

${commandLines.join('\n')}
`;
}
