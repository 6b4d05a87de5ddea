// An Nx plugin with one hook: writes how each task of a run ended to the file that NX_TASK_RESULTS names. `npm test`
// counts with it, so that a failed lint or type-check can never look like a pass.
import { writeFileSync } from 'node:fs';

/** @type {import('nx/src/project-graph/plugins').PostTasksExecution} */
export function postTasksExecution(_options, { taskResults }) {
    const file = process.env.NX_TASK_RESULTS;
    if (!file) return;
    const tasks = Object.entries(taskResults).map(([id, { status }]) => ({ id, status }));
    writeFileSync(file, JSON.stringify(tasks));
}

export const name = 'task-results';
