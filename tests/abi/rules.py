# SPDX-License-Identifier: GPL-2.0-or-later
"""abi/RULES.md as a program: what a minor version must not do to the text that dump.py makes."""

# Elements of arrays whose table states the stride; they may grow as well.
ELEMENTS = {"QhCpuModel", "QhGdbFeature", "QhGdbRegister", "QhHelper", "QhProperty",
            "QhStateField", "QhWindow"}
MINOR = "constant QH_ABI_MINOR"
MAJOR = "constant QH_ABI_MAJOR"


def index(text):
    """key -> rest of the line."""
    found = {}
    for line in text.splitlines():
        if line.startswith("operation "):
            name, rest = line[len("operation "):].split(", ", 1)
            found["operation " + name] = rest
        elif line and not line.startswith("#"):
            kind, name, rest = line.split(" ", 2)
            found[f"{kind} {name}"] = rest
    return found


def version(value):
    return tuple(int(number) for number in value.split()[0].split("."))


def may_grow(name, known):
    return name in ELEMENTS or known.get(f"member {name}.size", "").startswith("0 4 ")


def changed(key, value, before, now):
    """What is wrong with one thing that was there before; None: nothing."""
    if key == MINOR or key.endswith(".reserved"):
        return None  # words of it get a name; the size of the struct stays, and its other members
    if key not in now:
        return f"{key} is gone"
    if key.startswith("struct "):
        grows = may_grow(key[7:], before)
        if int(now[key]) < int(value) or (now[key] != value and not grows):
            return f"{key} had {value} bytes and has {now[key]}" + \
                   ("" if grows else "; it does not begin with its size")
        return None
    if key.startswith(("slot ", "service ")):
        old, new = version(value), version(now[key])
        if old[0] != new[0] or new < old or value.split()[1:] != now[key].split()[1:]:
            return f"{key} was '{value}' and is '{now[key]}'"
        return None
    return f"{key} was '{value}' and is '{now[key]}'" if now[key] != value else None


def misplaced(key, before, now):
    """A member that is new must begin behind the struct of old, or where words were reserved: the
    padding of a struct that an older side made holds anything."""
    struct = key.split(" ")[1].split(".")[0]
    if f"struct {struct}" not in before:
        return None
    offset, size = (int(word) for word in now[key].split()[:2])
    reserved = before.get(f"member {struct}.reserved")
    if reserved:
        start, length = (int(word) for word in reserved.split()[:2])
        if start <= offset and offset + size <= start + length:
            return None
    if offset >= int(before[f"struct {struct}"]):
        return None
    return f"{key} is new at offset {offset}, within the {before[f'struct {struct}']} bytes of old"


def renumbered(before, now):
    """New operations must not take the number of another."""
    taken = {rest.split(",")[0].strip(): key for key, rest in before.items()
             if key.startswith("operation ")}
    for key, rest in now.items():
        number = rest.split(",")[0].strip()
        if key.startswith("operation ") and taken.get(number, key) != key:
            yield f"{key} has the number {number} of {taken[number]}"


def broken(old, new):
    """What is wrong, a line each."""
    before, now = index(old), index(new)
    if before[MAJOR] != now[MAJOR]:
        return  # another major is another interface: nothing of the old holds
    for key, value in before.items():
        problem = changed(key, value, before, now)
        if problem:
            yield problem
    added = [key for key in now if key not in before]
    for key in added:
        problem = misplaced(key, before, now) if key.startswith("member ") else None
        if problem:
            yield problem
    yield from renumbered(before, now)
    if int(now[MINOR], 0) < int(before[MINOR], 0):
        yield f"{MINOR} was {before[MINOR]} and is {now[MINOR]}"
    if now[MINOR] == before[MINOR] and before != now:
        key = next((key for key in [*added, *before] if before.get(key) != now.get(key)), "")
        yield f"{key} differs: a released version is as it is, raise QH_ABI_MINOR"
