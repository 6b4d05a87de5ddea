import { testServiceWithOptionalRedis } from '@lama/testing/service-acceptance';

testServiceWithOptionalRedis('archive-node', new URL('./main.ts', import.meta.url), 'CONTROL_PORT');
