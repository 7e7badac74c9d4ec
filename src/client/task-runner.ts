import { type Controller, platform } from './platform.js'
import type { Progress, Signal } from './types.js'

export type Work = (signal: Signal) => Promise<void>

/**
 * Holds what is going on: one state, at most one task, and what watches in the background while the
 * user has the say.
 */
export interface TaskRunner<Result> {
  now(): Progress<Result>
  subscribe(listener: (progress: Progress<Result>) => void): () => void
  /** A state that passes by itself, or more news of the present one. */
  show(progress: Progress<Result>): void
  /**
   * A state of rest. The task that reached it is over and must do nothing more. `watch` begins what
   * goes on until the next task, or until `stop`.
   */
  settleIn(progress: Progress<Result>, watch?: Work): void
  /** Begins a task, or joins the one that is under way. */
  run(kind: string, work: Work): Promise<Progress<Result>>
  /**
   * Waits inside a task, for as long as nobody begins another one. `waiting` must not reject.
   * @throws when the task was aborted
   */
  idle<T>(waiting: Promise<T>, signal: Signal): Promise<T>
  stop(): void
}

/** Leaves a task that was aborted; never leaves {@link TaskRunner.run}. @throws when it was */
export function check(signal: Signal): void {
  if (signal.aborted) throw signal
}

export function createTaskRunner<Result>(): TaskRunner<Result> {
  const listeners = new Set<(progress: Progress<Result>) => void>()
  let progress: Progress<Result> = { state: 'idle' }
  /** Of the task, if there is one. */
  let kind: string | undefined
  let done: Promise<Progress<Result>>
  let end = () => {}
  /** Whether the task only waits, so that one of another kind may take its place. */
  let idles = false
  let controller: Controller | undefined

  const begin = (): Signal => {
    controller?.abort()
    controller = new platform.AbortController()
    return controller.signal
  }

  function show(next: Progress<Result>): void {
    progress = next
    for (const listener of listeners) {
      try {
        listener(next)
      } catch (error) {
        // A defect of the app's: reported like any other, but not at the cost of the login.
        platform.setTimeout(() => {
          throw error
        }, 0)
      }
    }
  }

  return {
    now: () => progress,
    subscribe(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    show,
    settleIn(next, watch) {
      progress = next
      // First over, then told: a listener may begin the next task.
      end()
      const signal = begin()
      void watch?.(signal)
      show(next)
    },
    run(wanted, work) {
      if (kind && (kind === wanted || !idles)) return done
      const signal = begin()
      kind = wanted
      idles = false
      done = new Promise((resolve, reject) => {
        const over = () => {
          if (end === over) kind = undefined
          signal.removeEventListener('abort', over)
          resolve(progress)
        }
        end = over
        signal.addEventListener('abort', over)
        work(signal).then(over, (error) => {
          // What is left besides an abort is a defect of ours.
          if (!signal.aborted) reject(error)
          over()
        })
      })
      return done
    },
    async idle(waiting, signal) {
      idles = true
      const result = await waiting
      check(signal)
      idles = false
      return result
    },
    stop: () => controller?.abort(),
  }
}
