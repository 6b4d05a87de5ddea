import { createHash } from 'node:crypto';
import { stripTypeScriptTypes } from 'node:module';

const strip = source => ({ code: stripTypeScriptTypes(source) });

export default {
    process: strip,
    processAsync: async source => strip(source),
    getCacheKey: source => createHash('sha256').update(process.version).update(source).digest('hex'),
};
