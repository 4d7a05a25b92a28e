# SPDX-License-Identifier: MIT
"""Reads profiles of pprof by gzip and protoc, which know nothing of Terrier, and looks at them."""

import ast
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


class Message(dict):
    """Fields by name; each is a list, since fields may be there more than once."""

    def one(self, name, default=0):
        values = self.get(name, [default])
        assert len(values) == 1, (name, values)
        return values[0]


def parse(lines):
    """What `protoc --decode` prints: `name: value`, and `name {` to `}` for a message."""
    message = Message()
    for line in lines:
        line = line.strip()
        if line == "}":
            break
        if line.endswith(" {"):
            message.setdefault(line[:-2], []).append(parse(lines))
            continue
        name, value = line.split(": ", 1)
        if value.startswith('"'):
            value = ast.literal_eval("b" + value).decode("utf-8")
        else:
            value = {"true": 1, "false": 0}[value] if value.isalpha() else int(value)
        message.setdefault(name, []).append(value)
    return message


class Profile:
    def __init__(self, path):
        plain = subprocess.run(["gzip", "-dc", path], stdout=subprocess.PIPE, check=True).stdout
        decoded = subprocess.run(
            ["protoc", "--decode=seen.Profile", "-I", HERE, HERE + "/profile.proto"],
            input=plain, stdout=subprocess.PIPE, check=True).stdout.decode("ascii")
        self.message = parse(iter(decoded.splitlines()))
        self.texts = self.message["text"]
        assert self.texts[0] == "", self.texts[:3]
        assert len(set(self.texts)) == len(self.texts)
        self.functions = self.by_id("function")
        self.locations = self.by_id("location")
        self.mappings = self.by_id("mapping")
        self.check_types()
        self.samples = [Sample(self, sample) for sample in self.message.get("sample", [])]

    def by_id(self, field):
        """Numbered from 1 on, in order."""
        messages = self.message.get(field, [])
        assert [m.one("id") for m in messages] == list(range(1, len(messages) + 1)), field
        return {m.one("id"): m for m in messages}

    def check_types(self):
        def pair(type_):
            return self.texts[type_.one("type")], self.texts[type_.one("unit")]

        wanted = [("alloc_objects", "count"), ("alloc_space", "bytes"),
                  ("inuse_objects", "count"), ("inuse_space", "bytes")]
        assert [pair(type_) for type_ in self.message["sample_type"]] == wanted
        assert pair(self.message.one("period_type")) == ("space", "bytes")
        assert self.texts[self.message.one("default_type")] == "inuse_space"
        self.period = self.message.one("period")
        assert self.period > 0

    def frame(self, location):
        """Function, file, line of a location; what it has as address lies in its mapping."""
        location = self.locations[location]
        line = location.one("line", None)
        function = self.functions[line.one("function")]
        mapping = location.one("mapping")
        if mapping:
            mapping = self.mappings[mapping]
            assert mapping.one("start") <= location.one("address") < mapping.one("limit")
            assert mapping.one("file") == function.one("file")
        return (self.texts[function.one("name")], self.texts[function.one("file")],
                line.one("line"))

    def total(self, which, function=None, kind=None):
        """The sum of one of the four values, of stacks with a function, of a kind."""
        return sum(s.values[which] for s in self.samples
                   if (function is None or function in s.functions) and kind in (None, s.kind))


class Sample:
    def __init__(self, profile, message):
        self.values = dict(zip(("allocated", "allocated_bytes", "live", "live_bytes"),
                               message["value"]))
        assert len(message["value"]) == 4 and min(message["value"]) >= 0, message
        assert self.values["live"] <= self.values["allocated"], message
        label = message.one("label", None)
        assert profile.texts[label.one("key")] == "kind"
        self.kind = profile.texts[label.one("text")]
        self.frames = [profile.frame(location) for location in message.get("location", [])]
        self.functions = [name for name, _, _ in self.frames]


def near(value, wanted, part):
    assert abs(value - wanted) <= wanted * part, (value, wanted)


if __name__ == "__main__":
    seen = Profile(sys.argv[1])
    for sample in sorted(seen.samples, key=lambda s: -s.values["allocated_bytes"])[:20]:
        print(sample.values, sample.kind)
        for frame in sample.frames:
            print("    %s (%s:%d)" % frame)
