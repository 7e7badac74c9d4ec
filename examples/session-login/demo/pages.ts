import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Handler } from 'express'

const tags = `  <link rel="stylesheet" href="/demo/demo.css">
    <link rel="stylesheet" href="/demo/phone.css">
    <link rel="stylesheet" href="/demo/log.css">
    <script type="module" src="/demo/demo.js"></script>
  `
const stage = fragment('stage.html')
const panels = fragment('panels.html')

/** Puts the phone and the log around the app's own pages, so that the app need not know of them. */
export const decorate: Handler = (_req, res, next) => {
  const send = res.send.bind(res)
  res.send = (body) => send(typeof body === 'string' && body.startsWith('<!doctype html>') ? decorated(body) : body)
  next()
}

function decorated(page: string): string {
  return page
    .replace('</head>', `${tags}</head>`)
    .replace('<body>', `<body class="demo">\n${stage}`)
    .replace('</body>', `${panels}</body>`)
}

function fragment(name: string): string {
  return readFileSync(join(import.meta.dirname, 'pages', name), 'utf8')
}
