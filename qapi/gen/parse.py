# SPDX-License-Identifier: GPL-2.0-or-later
"""Text of schema files to expressions.

The language is that of QAPI: JSON with single quotes and '#' comments; a comment that begins with
'##' documents the definition that follows it.
"""

import os
import re


class SchemaError(Exception):
    """A mistake in the schema, with the place it was found at."""

    def __init__(self, place, text):
        super().__init__(f'{place}: {text}')


class Doc:
    """A documentation comment: text, one paragraph for each member, and tagged sections."""

    TAGS = ('Returns', 'Since', 'Errors', 'Features', 'Note')

    def __init__(self, lines, place):
        self.place, self.symbol = place, None
        self.body, self.members, self.features, self.tags = [], {}, {}, {}
        into, in_features = self.body, False
        for text in (line[1:].strip() for line in lines):
            match = re.match(r'@([A-Za-z0-9_.-]+):\s*(.*)$', text)
            tag = re.match(r'(%s):\s*(.*)$' % '|'.join(self.TAGS), text)
            if match and self.symbol is None:
                self.symbol = match.group(1)
                into.append(match.group(2))
            elif match:
                where = self.features if in_features else self.members
                if match.group(1) in where:
                    raise SchemaError(place, f"'{match.group(1)}' is documented twice")
                into = where[match.group(1)] = [match.group(2)]
            elif tag:
                in_features = tag.group(1) == 'Features'
                into = self.tags[tag.group(1)] = [tag.group(2)]
            else:
                into.append(text)
        if self.symbol is None:
            raise SchemaError(place, "documentation comment without '@NAME:'")

    @staticmethod
    def text(lines):
        """The words of a paragraph, on one line."""
        return ' '.join(filter(None, lines)).strip()


class Parser:
    """One file. `expressions` holds (expression, doc, place) in order."""

    TOKEN = re.compile(r"""\s*(?:(?P<doc>\#\#[^\n]*\n(?:[ \t]*\#[^\n]*\n)*?[ \t]*\#\#[ \t]*(?=\n|$))
                             |(?P<comment>\#[^\n]*)
                             |(?P<string>'[^'\n]*')
                             |(?P<word>[a-z]+)
                             |(?P<mark>[\[\]{}:,]))""", re.X)

    def __init__(self, path):
        self.path = path
        with open(path, encoding='utf-8') as file:
            self.source = file.read()
        self.at = 0
        self.kind = self.value = None
        self.place = f'{path}:1'
        self.expressions = []
        self.doc = None
        self.advance()
        while self.kind != 'end':
            place = self.place
            doc, self.doc = self.doc, None
            if self.value != '{':
                raise SchemaError(place, "expected '{'")
            self.expressions.append((self.parse_value(), doc, place))
        if self.doc:
            raise SchemaError(self.doc.place, 'documentation comment without a definition')

    def advance(self):
        """Go to the next token that is no comment."""
        while True:
            rest = self.source[self.at:]
            if not rest.strip():
                self.kind, self.value = 'end', None
                return
            self.at += len(rest) - len(rest.lstrip())
            line = self.source.count('\n', 0, self.at) + 1
            self.place = f'{self.path}:{line}'
            match = self.TOKEN.match(self.source, self.at)
            if not match:
                raise SchemaError(self.place, f'stray {self.source[self.at]!r}')
            self.at = match.end()
            self.kind, self.value = match.lastgroup, match.group(match.lastgroup)
            if self.kind == 'doc':
                if self.doc:
                    raise SchemaError(self.place, 'two documentation comments in a row')
                self.doc = Doc([text.strip() for text in self.value.split('\n')[1:-1]], self.place)
            elif self.kind != 'comment':
                return

    def take(self, mark):
        """Skip the punctuation `mark`."""
        if self.value != mark:
            raise SchemaError(self.place, f"expected '{mark}', found {self.value!r}")
        self.advance()

    def parse_value(self):
        """A value: dict, list, string or boolean."""
        if self.value == '{':
            return self.parse_object()
        if self.value == '[':
            return self.parse_list()
        kind, value, place = self.kind, self.value, self.place
        self.advance()
        if kind == 'string':
            return value[1:-1]
        if value in ('true', 'false'):
            return value == 'true'
        raise SchemaError(place, f'expected a value, found {value!r}')

    def parse_object(self):
        """A dict; a key may come once."""
        result = {}
        self.take('{')
        while self.value != '}':
            if self.kind != 'string':
                raise SchemaError(self.place, f'expected a key, found {self.value!r}')
            key, place = self.value[1:-1], self.place
            self.advance()
            self.take(':')
            if key in result:
                raise SchemaError(place, f"key '{key}' comes twice")
            result[key] = self.parse_value()
            if self.value != '}':
                self.take(',')
                if self.value == '}':
                    raise SchemaError(self.place, "',' before '}'")
        self.take('}')
        return result

    def parse_list(self):
        """A list."""
        result = []
        self.take('[')
        while self.value != ']':
            result.append(self.parse_value())
            if self.value != ']':
                self.take(',')
        self.take(']')
        return result


def parse_tree(path, seen=None):
    """All files below `path`: a list of (domain, includes, expressions), included ones first."""
    seen = {} if seen is None else seen
    real = os.path.realpath(path)
    if real in seen:
        return []
    seen[real] = True
    files, includes, own = [], [], []
    for expr, doc, place in Parser(path).expressions:
        if 'include' in expr:
            if len(expr) != 1 or not isinstance(expr['include'], str):
                raise SchemaError(place, "'include' takes one file name")
            other = os.path.join(os.path.dirname(path), expr['include'])
            if not os.path.exists(other):
                raise SchemaError(place, f"included file '{expr['include']}' does not exist")
            includes.append(os.path.splitext(os.path.basename(other))[0])
            files += parse_tree(other, seen)
        else:
            own.append((expr, doc, place))
    return files + [(os.path.splitext(os.path.basename(path))[0], includes, own)]
