// What Redis does with invitations (spec 52, DESIGN §5): one script for each method of `InvitationStore`, so that nothing comes in
// between. Each does what `InvitationBook` of one-models does; the acceptance suite compares them.
//
//   one:invitation:{<instance>}             hash    the index: ID of an invitation → SHA-256 of its token
//   one:invitation:{<instance>}:<SHA-256>   hash    id, instanceId, personId, mode, url, expiresAt, maxUses, used, revoked (0 or 1),
//                                                   added (microseconds since 1970), and for each claim
//                                                   claim:<ID> → when its lease ends (milliseconds since 1970), or `used`
//
// An invitation is there only if both have it: without its index, nothing could be revoked. Both expire by themselves; the index with
// the last of its invitations. The part in braces puts all keys of an instance into one slot of a Redis Cluster. That is what a
// script needs, although it declares only the index: the other keys are found there, or made of it.
import { createHash } from 'node:crypto';

/** A script as Redis knows it. */
export interface Script {
    readonly text: string;
    readonly sha1: string;
}

const COMMON = `
local index = KEYS[1]
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = math.floor(micros / 1000)

local function whole(number)
    return string.format('%.0f', number)
end

-- Fields of an invitation by their names, with claims under lease counted; nil if there is none of this token.
local function find(hash)
    if not hash then return nil end
    local found = { key = index .. ':' .. hash, claimed = 0, ended = {} }
    local fields = redis.call('HGETALL', found.key)
    for i = 1, #fields, 2 do
        local name, value = fields[i], fields[i + 1]
        found[name] = value
        local lease = string.sub(name, 1, 6) == 'claim:' and tonumber(value)
        if lease and now < lease then
            found.claimed = found.claimed + 1
        elseif lease then
            found.ended[#found.ended + 1] = name
        end
    end
    if not found.id or redis.call('HGET', index, found.id) ~= hash then return nil end
    return found
end

local function findById(id)
    return find(redis.call('HGET', index, id))
end

local function refusal(found)
    if not found then return 'INVITATION_UNKNOWN' end
    if found.revoked == '1' then return 'INVITATION_REVOKED' end
    if now >= tonumber(found.expiresAt) then return 'INVITATION_EXPIRED' end
    return nil
end

local function isUsable(found)
    return not refusal(found) and tonumber(found.used) < tonumber(found.maxUses)
end

local function isOpen(found)
    return found.claimed > 0 or isUsable(found)
end

local function isLive(found, claim)
    local lease = tonumber(found[claim] or '')
    return lease and now < lease
end

-- In the order of adding. What has expired by itself leaves the index.
local function all()
    local entries, list = redis.call('HGETALL', index), {}
    for i = 1, #entries, 2 do
        local found = find(entries[i + 1])
        if found then
            list[#list + 1] = found
        else
            redis.call('HDEL', index, entries[i])
        end
    end
    table.sort(list, function(a, b) return tonumber(a.added) < tonumber(b.added) end)
    return list
end

local function state(found)
    return { found.id, found.personId, found.mode, found.url, found.expiresAt, found.maxUses, found.used,
        whole(found.claimed), found.revoked }
end
`;

function script(body: string): Script {
    const text = COMMON + body;
    return { text, sha1: createHash('sha1').update(text).digest('hex') };
}

/** Each answers `{code}` of an InvitationError, or `{'ok', result}`. Arguments are named in their first line. */
export const scripts = {
    add: script(`
local hash, id, instanceId, personId, mode, url, expiresAt, maxUses, open, kept, longestMs, overMs = unpack(ARGV)
expiresAt = tonumber(expiresAt)
if expiresAt <= now then return { 'INVITATION_TERMS_INVALID' } end
if find(hash) then return { 'INVITATION_EXISTS' } end
if redis.call('HLEN', index) >= tonumber(open) then
    local list, over = all(), {}
    for _, found in ipairs(list) do
        if not isOpen(found) then over[#over + 1] = found end
    end
    if #list - #over >= tonumber(open) then return { 'TOO_MANY_INVITATIONS' } end
    for i = 1, math.min(#over, #list + 1 - tonumber(kept)) do
        redis.call('DEL', over[i].key)
        redis.call('HDEL', index, over[i].id)
    end
end
expiresAt = math.min(expiresAt, now + tonumber(longestMs))
local key, gone = index .. ':' .. hash, expiresAt + tonumber(overMs)
redis.call('DEL', key)
redis.call('HSET', key, 'id', id, 'instanceId', instanceId, 'personId', personId, 'mode', mode, 'url', url,
    'expiresAt', whole(expiresAt), 'maxUses', maxUses, 'used', '0', 'revoked', '0', 'added', whole(micros))
redis.call('PEXPIREAT', key, whole(gone))
redis.call('HSET', index, id, hash)
if now + redis.call('PTTL', index) < gone then redis.call('PEXPIREAT', index, whole(gone)) end
return { 'ok', state(find(hash)) }
`),
    claim: script(`
local hash, claimId, leaseMs = unpack(ARGV)
local found = find(hash)
local refused = refusal(found)
if refused then return { refused } end
if found.used + found.claimed >= tonumber(found.maxUses) then return { 'INVITATION_USED' } end
if #found.ended > 0 then redis.call('HDEL', found.key, unpack(found.ended)) end
redis.call('HSET', found.key, 'claim:' .. claimId, whole(now + leaseMs))
return { 'ok', state(found) }
`),
    renew: script(`
local id, claimId, leaseMs = unpack(ARGV)
local found, claim = findById(id), 'claim:' .. claimId
local refused = refusal(found)
if refused then return { refused } end
if not isLive(found, claim) then return { 'INVITATION_CLAIM_LOST' } end
redis.call('HSET', found.key, claim, whole(now + leaseMs))
return { 'ok' }
`),
    complete: script(`
local id, claimId = unpack(ARGV)
local found, claim = findById(id), 'claim:' .. claimId
if found and found[claim] == 'used' then return { 'ok' } end
if not found or not isLive(found, claim) then return { 'INVITATION_CLAIM_LOST' } end
redis.call('HSET', found.key, claim, 'used')
redis.call('HINCRBY', found.key, 'used', 1)
return { 'ok' }
`),
    release: script(`
local id, claimId = unpack(ARGV)
local found, claim = findById(id), 'claim:' .. claimId
if found and isLive(found, claim) then redis.call('HDEL', found.key, claim) end
return { 'ok' }
`),
    list: script(`
local states = {}
for _, found in ipairs(all()) do
    if isOpen(found) then states[#states + 1] = state(found) end
end
return { 'ok', states }
`),
    revoke: script(`
local found = findById(ARGV[1])
if not found or not isUsable(found) then return { 'ok', 0 } end
redis.call('HSET', found.key, 'revoked', '1')
return { 'ok', 1 }
`),
    revokeAll: script(`
for _, found in ipairs(all()) do redis.call('HSET', found.key, 'revoked', '1') end
return { 'ok' }
`),
} as const;
