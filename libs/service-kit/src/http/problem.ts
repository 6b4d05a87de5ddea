// RFC 9457: every error of every service is one `application/problem+json` document.
//
//   { "type": "urn:one:problem:<code>", "title": "...", "status": 503, "detail": "...", "code": "INVITATIONS_UNAVAILABLE" }
import { STATUS_CODES } from 'node:http';
import { OneError } from '@refinio/one.core';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';

export const PROBLEM_TYPE = 'application/problem+json';

export interface ProblemDocument {
    readonly type: string;
    readonly title: string;
    readonly status: number;
    readonly detail: string;
    readonly code: string;
}

/** An error that a route answers on purpose: status, stable code, and a sentence that says what to do. */
export class HttpProblem extends OneError {
    readonly status: number;
    readonly code: string;
    /** Seconds after which the caller may try again; sent as `Retry-After`. */
    readonly retryAfter: number | undefined;

    constructor(status: number, code: string, detail: string, options: ErrorOptions & { retryAfter?: number } = {}) {
        super(detail, options);
        this.status = status;
        this.code = code;
        this.retryAfter = options.retryAfter;
    }

    toDocument(): ProblemDocument {
        return problemDocument(this.status, this.code, this.message);
    }
}

export function problemDocument(status: number, code: string, detail: string): ProblemDocument {
    const type = `urn:one:problem:${code.toLowerCase().replaceAll('_', '-')}`;
    return { type, title: STATUS_CODES[status] ?? 'Error', status, detail, code };
}

/** Turns whatever a route threw into a problem document. Unexpected errors are logged and reveal nothing. */
export function sendProblem(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const problem = asProblem(error);
    if (problem.status >= 500 && !(error instanceof HttpProblem)) request.log.error({ err: error }, 'request failed');
    if (problem.retryAfter !== undefined) void reply.header('retry-after', problem.retryAfter);
    return send(reply, problem);
}

export function sendNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const path = request.url.split('?', 1)[0];
    const problem = new HttpProblem(404, 'NOT_FOUND', `There is nothing at ${request.method} ${path}.`);
    return send(reply, problem);
}

/** With the headers that matter for a document nobody should interpret: they are set here for every service. */
function send(reply: FastifyReply, problem: HttpProblem): FastifyReply {
    return reply
        .code(problem.status)
        .headers({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
        .type(PROBLEM_TYPE)
        .send(problem.toDocument());
}

function asProblem(error: FastifyError): HttpProblem {
    if (error instanceof HttpProblem) return error;
    const status = error.statusCode ?? 500;
    if (status >= 500) {
        return new HttpProblem(500, 'INTERNAL', 'Something went wrong here. The log of the service has the details.');
    }
    return new HttpProblem(status, error.code || 'BAD_REQUEST', error.message, { cause: error });
}
