# SPDX-License-Identifier: GPL-2.0-or-later
"""The answer of query-qmp-schema, in the format of QEMU's introspection: type names are numbers,
given in the order in which commands and events need them."""

import json

from model import BUILTINS


class Introspection:
    """Collects entries; `entries` is the answer."""

    def __init__(self, schema):
        self.numbers, self.queue, self.entries = {}, [], []
        for item in schema.commands + schema.events:
            self.add_call(item)
        while self.queue:
            self.add_type(self.queue.pop(0))

    def use(self, type_):
        """The name that stands for a type."""
        if type_ is None:
            key, name = 'q_empty', None
        elif type_.kind == 'builtin':
            key = name = BUILTINS[type_.name][1]
        elif type_.kind == 'list':
            name = f'[{self.use(type_.element)}]'
            key = name
        else:
            key, name = type_.name, None
        if key not in self.numbers:
            if name is None:
                name = str(sum(1 for n in self.numbers.values() if n.isdigit()))
            self.numbers[key] = name
            self.queue.append((key, type_))
        return self.numbers[key]

    def add_call(self, item):
        """A command or an event."""
        entry = {'name': item.name, 'meta-type': item.kind, 'arg-type': self.use(item.arg)}
        if item.kind == 'command':
            entry['ret-type'] = self.use(item.ret)
            if item.oob:
                entry['allow-oob'] = True
        self.finish(entry, item.features)

    def finish(self, entry, features):
        """Append an entry."""
        if features:
            entry['features'] = features
        self.entries.append(entry)

    def member(self, member):
        """One member of an object."""
        entry = {'name': member.name, 'type': self.use(member.type)}
        if member.optional:
            entry['default'] = None
        if member.features:
            entry['features'] = member.features
        return entry

    def add_type(self, queued):
        """A type that something uses."""
        key, type_ = queued
        entry = {'name': self.numbers[key]}
        if type_ is None:
            entry.update({'meta-type': 'object', 'members': []})
            return self.finish(entry, [])
        if type_.kind == 'builtin':
            entry.update({'meta-type': 'builtin', 'json-type': {
                'str': 'string', 'bool': 'boolean', 'any': 'value'}.get(key, key)})
        elif type_.kind == 'list':
            entry.update({'meta-type': 'array', 'element-type': self.use(type_.element)})
        elif type_.kind == 'enum':
            entry.update({'meta-type': 'enum', 'members': [
                dict({'name': name}, **({'features': features} if features else {}))
                for name, features in type_.values],
                'values': [name for name, _ in type_.values]})
        elif type_.kind == 'alternate':
            entry.update({'meta-type': 'alternate',
                          'members': [{'type': self.use(t)} for _, t in type_.branches]})
        else:
            entry.update({'meta-type': 'object',
                          'members': [self.member(m) for m in type_.members]})
            if type_.tag:
                branches = dict(type_.branches)
                entry.update({'tag': type_.tag.name, 'variants': [
                    {'case': name, 'type': self.use(branches.get(name))}
                    for name, _ in type_.tag.type.values]})
        return self.finish(entry, type_.features)


def introspection_bytes(schema):
    """The answer as ASCII JSON."""
    return json.dumps(Introspection(schema).entries, separators=(',', ':')).encode('ascii')
