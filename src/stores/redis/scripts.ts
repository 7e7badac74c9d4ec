import { createHash } from 'node:crypto'
import { memoryOfLocks } from '../counter-state.js'

export interface Script {
  readonly source: string
  /** By which a server knows a script that it has seen. */
  readonly sha: string
}

// A script is the unit that Redis runs alone, so what one reads still holds when it writes. Time is
// the server's: `TIME` in a script that writes needs Redis 5 or newer, which sends replicas the
// effects of a script instead of the script. `KEEPTTL` needs 6.
//
// Every script answers in strings: clients differ in what they make of numbers and nothing.

const now = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function whole(number) return string.format('%.0f', number) end
`

/**
 * A record is one string, `version:inserted:record`. A hash of three fields takes a third more
 * memory, because Redis packs only small values.
 *
 * KEYS: record. ARGV: text, milliseconds.
 */
export const insertScript = script(`${now}
local kept = redis.call('SET', KEYS[1], '1:' .. whole(now) .. ':' .. ARGV[1], 'NX', 'PX', ARGV[2])
return kept and '1' or '0'
`)

/** KEYS: record. Answers with the string and the server's time, or nothing. */
export const findScript = script(`${now}
local kept = redis.call('GET', KEYS[1])
return kept and { kept, whole(now) }
`)

/**
 * KEYS: record. ARGV: expected version, text. The head of the string is enough to decide.
 *
 * Redis runs a script alone, so of several that name the same version one finds it.
 */
export const replaceScript = script(`
local version, since = string.match(redis.call('GETRANGE', KEYS[1], 0, 39), '^(%d+):(%d+):')
if version ~= ARGV[1] then return '0' end
redis.call('SET', KEYS[1], string.format('%.0f:%s:%s', version + 1, since, ARGV[2]), 'KEEPTTL')
return '1'
`)

/**
 * The rules of `counter-state.ts`, all hits at once. A counter is one string, `count:level:since:kept`, the
 * latter two in milliseconds; its own time to live only clears it away. One that is damaged counts
 * as full. `hits` is how many there are; what is written waits for `keep()`.
 *
 * KEYS: counter of each hit. ARGV: limit, window, longest window or 0, cost of each hit. Answers
 * with the place of the first refusal, or 0, and seconds.
 */
const judge = `${now}
local drafts, changed = {}, {}

local function read(key, window)
  local kept = redis.call('GET', key)
  if not kept then return { count = 0, level = 0 } end
  local count, level, since, keep = string.match(kept, '^(%d+):(%d+):(%d+):(%d+)$')
  if not count then return { count = math.huge, level = 0, since = now, keep = window, damaged = true } end
  if now >= since + keep then return { count = 0, level = 0 } end
  return { count = tonumber(count), level = tonumber(level), since = tonumber(since), keep = tonumber(keep) }
end

local function lock(tally, window, longest)
  return math.min(window * 2 ^ tally.level, longest)
end

for i = 1, hits do
  local key = KEYS[i]
  local limit, window, longest, cost = tonumber(ARGV[4 * i - 3]), tonumber(ARGV[4 * i - 2]), tonumber(ARGV[4 * i - 1]), tonumber(ARGV[4 * i])
  local tally = drafts[key] or read(key, window)
  drafts[key] = tally
  local consecutive = longest > 0
  if consecutive and tally.since and not tally.damaged and tally.count >= limit and now >= tally.since + lock(tally, window, longest) then
    tally.count = 0
    tally.level = tally.level + 1
  end
  if cost ~= -1 and tally.count >= limit then
    local open = now + window
    if tally.since then open = tally.since + (consecutive and lock(tally, window, longest) or tally.keep) end
    return { whole(i), whole(math.max(1, math.ceil((open - now) / 1000))) }
  end
  if cost == -1 then
    if tally.since and not tally.damaged then
      tally.count = math.max(0, tally.count - 1)
      changed[key] = true
    end
  elseif cost ~= 0 then
    tally.count = tally.count + 1
    if consecutive then
      tally.since = now
      local closes = tally.count >= limit
      tally.keep = longest * ((closes or tally.level > 0) and ${memoryOfLocks} or 1) + (closes and lock(tally, window, longest) or 0)
    elseif not tally.since then
      tally.since = now
      tally.keep = window
    end
    changed[key] = true
  end
end

local function keep()
  for key in pairs(changed) do
    local tally = drafts[key]
    local text = whole(tally.count) .. ':' .. whole(tally.level) .. ':' .. whole(tally.since) .. ':' .. whole(tally.keep)
    redis.call('SET', key, text, 'PX', whole(math.max(1, tally.since + tally.keep - now)))
  end
end
`

/** The server's time in seconds, and its eviction policy where the user may ask (`+info`). */
export const diagnoseScript = script(`
local info = redis.pcall('INFO', 'memory')
return { redis.call('TIME')[1], type(info) == 'string' and string.match(info, 'maxmemory_policy:(%S+)') or '' }
`)

export const countScript = script(`
local hits = #KEYS
${judge}
keep()
return { '0', '0' }
`)

/**
 * Both in one step, on servers where a script may touch the record and the counters: not in a
 * cluster, where they live in different slots.
 *
 * KEYS: counter of each hit, record. ARGV: as above, then text, milliseconds. Answers as above, or with `taken`.
 */
export const insertChargedScript = script(`
local hits = #KEYS - 1
${judge}
if not redis.call('SET', KEYS[#KEYS], '1:' .. whole(now) .. ':' .. ARGV[#ARGV - 1], 'NX', 'PX', ARGV[#ARGV]) then return { 'taken', '0' } end
keep()
return { '0', '0' }
`)

function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}
