import { type PhoneLoginView, usePhoneLogin } from 'passport-phonecheck/react'
import { createElement as h, type ReactElement, useEffect, useState } from 'react'

interface Props {
  auto: boolean
  /** Called whenever the effects run. */
  onEffect: () => unknown
}

interface Result {
  user: string
}

/** A login page; with `auto` an effect of its own begins the login. */
export function App({ auto = false, onEffect = () => {} }: Partial<Props>): ReactElement {
  const [isOpen, setOpen] = useState(true)
  const toggle = h('button', { type: 'button', onClick: () => setOpen(!isOpen) }, isOpen ? 'Leave' : 'Enter')
  return h('div', null, isOpen && h(Login, { auto, onEffect }), toggle)
}

function Login({ auto, onEffect }: Props): ReactElement {
  const login = usePhoneLogin<Result>()
  const { progress, start, fallback, submitCode } = login
  useEffect(() => {
    onEffect()
    if (auto) void start('+12025550100')
  }, [auto, onEffect, start])
  const button = (name: string, onClick: () => unknown) =>
    h('button', { type: 'button', onClick: () => void onClick() }, name)
  return h(
    'main',
    null,
    h('output', null, described(progress)),
    button('Log in', () => start('+12025550100')),
    button('Another way', fallback),
    button('Send 1234', () => submitCode('1234')),
  )
}

function described(progress: PhoneLoginView<Result>['progress']): string {
  return progress.state === 'done' ? `done: ${progress.result.user}` : progress.state
}
