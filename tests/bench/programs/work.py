# SPDX-License-Identifier: GPL-2.0-or-later
"""Work for the python row: dictionaries, lists, strings, numbers, classes. work.py ROUNDS"""
import sys


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def moved(self, dx, dy):
        return Point(self.x + dx, self.y + dy)


def words(n):
    state, counts = 12345, {}
    for _ in range(n):
        state = (state * 1103515245 + 12345) & 0x7fffffff
        word = "w%d" % (state % 997)
        counts[word] = counts.get(word, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:3]


def queens(n, row=0, columns=0, left=0, right=0):
    if row == n:
        return 1
    found, free = 0, ~(columns | left | right) & ((1 << n) - 1)
    while free:
        bit = free & -free
        free ^= bit
        found += queens(n, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1)
    return found


def numbers(n):
    total, x = 0, 0.5
    for i in range(n):
        x = 3.7 * x * (1 - x)
        total += int(x * 1000) ^ i
    return total


def points(n):
    at = Point(0, 0)
    for i in range(n):
        at = at.moved(i % 3 - 1, i % 5 - 2)
    return at.x, at.y


for turn in range(int(sys.argv[1])):
    text = ",".join(str(i * turn) for i in range(2000))
    print(words(8000), queens(6), numbers(8000), points(5000),
          sum(map(int, text.split(","))), hash(tuple(range(turn))) & 0xffff)
