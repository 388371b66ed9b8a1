-- SPDX-License-Identifier: GPL-2.0-or-later
-- Work for the lua row: tables, closures, strings, floats. work.lua ROUNDS
local function sieve(n)
    local composite, count = {}, 0
    for i = 2, n do
        if not composite[i] then
            count = count + 1
            for j = i * i, n, i do
                composite[j] = true
            end
        end
    end
    return count
end

local function strings(n)
    local parts = {}
    for i = 1, n do
        parts[#parts + 1] = string.format("%d:%s", i, string.rep("x", i % 5))
    end
    local text, found = table.concat(parts, ","), 0
    for number in text:gmatch("(%d+):xx,") do
        found = found + tonumber(number)
    end
    return found, #text
end

local function counter()
    local n = 0
    return function(step)
        n = n + step
        return n
    end
end

local function fib(n)
    if n < 2 then
        return n
    end
    return fib(n - 1) + fib(n - 2)
end

for round = 1, tonumber(arg[1]) do
    local count, x, last = counter(), 0.25, 0
    for i = 1, 20000 do
        x = 3.6 * x * (1 - x)
        last = count(i % 7)
    end
    print(sieve(20000), strings(3000), last, string.format("%.12f", x), fib(19))
end
