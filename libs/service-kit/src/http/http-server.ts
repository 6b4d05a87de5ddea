import { fastify, LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { MAX_BODY_BYTES, REQUEST_TIMEOUT_MS } from '../limits.ts';
import type { Logger } from '../log/logger.ts';
import { sendNotFound, sendProblem } from './problem.ts';

export type HttpServer = FastifyInstance;

/** A Fastify instance of the house: bounded requests, problem documents, no line per request at info level. */
export function createHttpServer(logger: Logger): HttpServer {
    const loggerInstance: FastifyBaseLogger = logger;
    const app = fastify({
        loggerInstance,
        logController: new LogController({ disableRequestLogging: true }),
        bodyLimit: MAX_BODY_BYTES,
        requestTimeout: REQUEST_TIMEOUT_MS,
        return503OnClosing: true,
        // A URL that cannot be decoded never reaches the handlers below.
        frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply),
    });
    app.setErrorHandler(sendProblem);
    app.setNotFoundHandler(sendNotFound);
    return app;
}
