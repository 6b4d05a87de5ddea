import { testServiceWithOptionalRedis } from '@lama/testing/service-acceptance';

testServiceWithOptionalRedis('comm-server', new URL('./main.ts', import.meta.url), 'HEALTH_PORT');
