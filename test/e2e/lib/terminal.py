#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Runs a command in a terminal of its own, and shows the screen that it drew. Arguments: a file of
# steps, a line each, then the command:
#
#   size COLUMNS ROWS     the terminal has this size from now on
#   wait TEXT             until the screen has this text
#   written TEXT          until it was written, on whichever screen
#   show                  prints the screen, each line without spaces at its end
#   key TEXT              is typed
#   signal NAME           to the process that was started
#   signal-child NAME     to the one that it started
#   end                   waits for the end; prints its status, and what is left of the terminal:
#                         "as before", or what is not
#   raw PATTERN           prints "yes" or "no": does all that was written have it?
#
# What the screen shows is worked out from the few sequences that the command uses; another one is
# an error.
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

LONG = 60


class Screen:
    def __init__(self):
        self.columns, self.rows = 80, 24
        self.other = self.hidden = False
        # Screens that may still have been drawn for the size before.
        self.late = 0
        self.clear()

    def clear(self):
        self.lines = [[" "] * self.columns for _ in range(self.rows)]
        self.row = self.column = 0

    def character(self, character):
        if character == "\n":
            self.row, self.column = self.row + 1, 0
        elif character != "\r":
            self.put(character)

    def put(self, character):
        if self.late > 0 and not (self.column < self.columns and self.row < self.rows):
            return
        assert self.column < self.columns, "a line is wider than the screen"
        assert self.row < self.rows, "more lines than the screen has"
        self.lines[self.row][self.column] = character
        self.column += 1

    def sequence(self, arguments, letter):
        if letter == "H":
            self.row = self.column = 0
            self.late = max(self.late - 1, 0)
        elif letter == "K":
            assert self.late > 0 or self.row < self.rows, "more lines than the screen has"
            for line in self.lines[self.row:self.row + 1]:
                line[self.column:] = [" "] * (self.columns - self.column)
        elif letter == "J":
            for row in range(self.row, self.rows):
                begin = self.column if row == self.row and arguments != "2" else 0
                self.lines[row][begin:] = [" "] * (self.columns - begin)
        elif arguments == "?1049":
            self.other = letter == "h"
            self.clear()
        elif arguments == "?25":
            self.hidden = letter == "l"
        else:
            assert letter == "m", "an unknown sequence: %s%s" % (arguments, letter)

    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.lines)


# The process that the terminal belongs to: when it ends the system takes the terminal away, with
# what was not read yet, so it outlives the command as a shell does.
def lead(command, say, over):
    sys.stdin.readline()  # until the size is set
    child = os.fork()
    if child == 0:
        os.execvp(command[0], command)
    for name in "INT", "QUIT", "HUP", "TERM", "TSTP":
        signal.signal(getattr(signal, "SIG" + name), signal.SIG_IGN)
    os.write(say, b"%d\n" % child)
    os.write(say, b"%d\n" % os.waitpid(child, 0)[1])
    os.read(over, 1)  # until all was looked at
    os._exit(0)


class Terminal:
    def __init__(self, command):
        self.screen, self.raw, self.left = Screen(), b"", b""
        self.status = None
        said, say = os.pipe()
        over, self.looked = os.pipe()
        leader, self.file = pty.fork()
        if leader == 0:
            os.close(self.looked)
            lead(command, say, over)
        self.said = os.fdopen(said)
        self.before = termios.tcgetattr(self.file)

    def begin(self):
        os.write(self.file, b"\n")
        self.read(LONG)  # the echo of that
        self.child = int(self.said.readline())

    def size(self, columns, rows):
        self.screen.columns, self.screen.rows = columns, rows
        self.screen.clear()
        self.screen.late = 2
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds):
        if not select.select([self.file], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.file, 65536)
        except OSError:
            return False
        self.raw += data
        self.draw(data)
        return bool(data)

    def draw(self, data):
        text = (self.left + data).decode("utf-8", "surrogateescape")
        self.left = b""
        at = 0
        while at < len(text):
            if text[at] == "\033":
                found = re.match(r"\033\[([?0-9;]*)([A-Za-z])", text[at:])
                if found is not None:
                    self.screen.sequence(found.group(1), found.group(2))
                    at += found.end()
                    continue
                after = text.find("\033", at + 1)
                if after < 0:
                    break
                at = after  # a signal cut it off, as terminals take it
                continue
            cut = "\udc80" <= text[at] <= "\udcff"
            if cut and "\033" not in text[at:]:
                break
            # The usual screen is lines, which are looked for as they are.
            if self.screen.other and not cut:
                self.screen.character(text[at])
            at += 1
        self.left = text[at:].encode("utf-8", "surrogateescape")

    def wait_for(self, is_there, text):
        end = time.monotonic() + LONG
        while not is_there():
            if time.monotonic() > end:
                raise SystemExit("never shown: %s\n%s" % (text, self.screen.text()))
            self.read(0.05)

    def wait_for_end(self):
        end = time.monotonic() + LONG
        while self.status is None and time.monotonic() < end:
            self.read(0.05)
            if select.select([self.said], [], [], 0)[0]:
                self.status = int(self.said.readline())
        while self.read(0.2):
            pass

    def find_child(self):
        for name in os.listdir("/proc/%d/task/%d" % (self.child, self.child)):
            if name == "children":
                with open("/proc/%d/task/%d/children" % (self.child, self.child)) as file:
                    return int(file.read().split()[0])
        raise SystemExit("no child")

    def what_is_left(self):
        left = []
        if self.screen.other:
            left.append("the other screen")
        if self.screen.hidden:
            left.append("no cursor")
        if termios.tcgetattr(self.file) != self.before:
            left.append("other settings")
        return ", ".join(left) or "as before"


def describe(status):
    if status is None:
        return "no end"
    if os.WIFSIGNALED(status):
        return "signal %d" % os.WTERMSIG(status)
    return "status %d" % os.WEXITSTATUS(status)


def main():
    terminal = Terminal(sys.argv[2:])
    terminal.size(80, 24)
    begun = False
    with open(sys.argv[1]) as file:
        steps = [line.rstrip("\n").partition(" ") for line in file]
    for name, _, rest in steps:
        if name == "size":
            terminal.size(*map(int, rest.split()))
        if not begun:
            begun = True
            terminal.begin()
        if name == "wait":
            terminal.wait_for(lambda: rest in terminal.screen.text(), rest)
        elif name == "written":
            terminal.wait_for(lambda: rest.encode() in terminal.raw, rest)
        elif name == "show":
            print(terminal.screen.text())
        elif name == "key":
            os.write(terminal.file, rest.encode())
        elif name == "signal":
            os.kill(terminal.child, getattr(signal, "SIG" + rest))
        elif name == "signal-child":
            os.kill(terminal.find_child(), getattr(signal, "SIG" + rest))
        elif name == "end":
            terminal.wait_for_end()
            print("%s, %s" % (describe(terminal.status), terminal.what_is_left()))
        elif name == "raw":
            print("yes" if re.search(rest.encode(), terminal.raw) else "no")


main()
