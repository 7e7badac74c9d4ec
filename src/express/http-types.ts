/// <reference types="node" preserve="true" />
import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * The part of Express's request and response that is used here. Structural, so that apps with
 * Express 4 types and with Express 5 types both compile.
 */
export interface HttpRequest extends IncomingMessage {
  body?: unknown
  /** Set by Passport. */
  user?: Express.User | undefined
  /** Set by Passport. */
  authInfo?: Express.AuthInfo | undefined
  ip?: string | undefined
  app?: { get(setting: string): unknown } | undefined
  /** Where body parsers are told to keep the bytes, by convention. */
  rawBody?: unknown
}

export type HttpResponse = ServerResponse

/**
 * A callback of the application that gets the request. Written as a method, so that it may name
 * Express's own, narrower type of it.
 */
export type OfRequest<Rest extends unknown[], Result> = {
  bivariant(req: HttpRequest, ...rest: Rest): Result
}['bivariant']

export type Next = (error?: unknown) => void

export type Handler = (req: HttpRequest, res: HttpResponse, next: Next) => void
export type ErrorHandler = (error: unknown, req: HttpRequest, res: HttpResponse, next: Next) => void
