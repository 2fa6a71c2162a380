# SPDX-License-Identifier: Apache-2.0
# The code blocks of a section of a Markdown file, and a shell script that runs them as they stand.
#
# A block is indented by four spaces, or fenced. Whether it is run, and how, follows from what it is:
#   ```sh, ```shell, ```, indented   its lines are a script; each must end well
#   ```console                       lines after `$ ` (or `# `, as root) are typed; what stands below is what comes: numbers
#                                    and hexadecimal names count for nothing there, `...` is any text, alone any lines
#   another word after the fence     no commands: shown only
#   <!-- not run: why --> above      skipped, for that reason
# All blocks are one session: folder, variables and background processes stay.
import re
import shlex

HEADING = re.compile(r"^(#+) +(.*?)[ #]*$")
FENCE = re.compile(r"^( {0,3})(`{3,}|~{3,})[ \t]*([^\s`]*).*$")
NOT_RUN = re.compile(r"^<!-- *not run: *(.*?) *-->$")
TYPED = re.compile(r"^[$#] (.*)$")
SCRIPTS = ("", "sh", "shell", "bash")
ANY = "..."
# What differs from run to run, or between a terminal's widths.
NUMBER = re.compile(r"\b(?:sha256:)?[0-9a-f]{12,64}\b|\b[0-9]+(?:[.:,][0-9]+)*(?=[a-zA-Z]{0,3}\b)")
SPACES = re.compile(r"\s+")
MARK = "\x02"


class Block:
    def __init__(self, line, kind, lines, reason=None):
        self.line = line        # of the file, from 1
        self.kind = kind        # the word after the fence; "" where there is none
        self.lines = lines
        self.reason = reason    # why it is not run

    def is_run(self):
        return self.reason is None and self.kind in SCRIPTS + ("console",)

    def steps(self):
        """-> [(line, command, the lines that must come, or None where all may come)]"""
        if self.kind != "console":
            return [(self.line, "\n".join(self.lines), None)]
        found = []
        is_open = False  # a command goes on in the next line
        for number, text in enumerate(self.lines, self.line):
            match = TYPED.match(text)
            if is_open:
                found[-1][1] += "\n" + re.sub(r"^> ?", "", text)
            elif match:
                found.append([number, match.group(1), []])
            elif found:
                found[-1][2].append(text)
            is_open = (is_open or match is not None) and text.endswith("\\")
        return [tuple(step) for step in found]


def section(text, title):
    """-> [(number, line)] of the section with this heading, without the heading; [] where there is none"""
    rows, level, fence = [], 0, None
    for number, line in enumerate(text.split("\n"), 1):
        mark = FENCE.match(line)
        if fence:
            if mark and mark.group(2).startswith(fence) and not mark.group(3):
                fence = None
        elif mark:
            fence = mark.group(2)
        heading = HEADING.match(line) if not fence and not mark else None
        if heading and level and len(heading.group(1)) <= level:
            break
        if heading and not level and heading.group(2) == title:
            level = len(heading.group(1))
        elif level:
            rows.append((number, line))
    return rows


def blocks(rows):
    """-> the Blocks among ROWS, as section() gives them"""
    found, reason, at = [], None, 0
    was_empty = True
    while at < len(rows):
        number, line = rows[at]
        mark = FENCE.match(line)
        if mark:
            end = at + 1
            while end < len(rows) and not re.match(r"^ {0,3}" + mark.group(2), rows[end][1]):
                end += 1
            indent = mark.group(1)
            found.append(Block(number + 1, mark.group(3), [row[1].removeprefix(indent) for row in rows[at + 1:end]], reason))
            at, reason, was_empty = end + 1, None, True
            continue
        if was_empty and line.startswith("    ") and line.strip():
            end = at
            while end < len(rows) and (rows[end][1].startswith("    ") or not rows[end][1].strip()):
                end += 1
            lines = [row[1][4:] for row in rows[at:end]]
            while lines and not lines[-1].strip():
                lines.pop()
            kind = "console" if TYPED.match(lines[0]) and lines[0].startswith("$") else ""
            found.append(Block(number, kind, lines, reason))
            at, reason, was_empty = end, None, True
            continue
        comment = NOT_RUN.match(line.strip())
        if comment:
            reason = comment.group(1)
        elif line.strip():
            reason = None
        # A list's item goes on indented: that is no block.
        was_empty = not line.strip() and not (at and re.match(r"^\s*([-*]|[0-9]+\.) ", rows[at - 1][1]))
        at += 1
    return found


def script(steps):
    """A script that does all STEPS in one shell, and before and after each prints a line that split() knows. A step of
    which nothing need come stops the whole where a command in it fails."""
    rows = []
    for number, (_, command, expected) in enumerate(steps):
        rows.append(f"printf '\\n{MARK}begin {number}\\n'")
        rows.append(("set -e; " if expected is None else "set +e; ") + f"eval {shlex.quote(command)}")
        rows.append(f"status=$?; set +e; printf '\\n{MARK}end %s\\n' $status")
    return "\n".join(rows) + "\n"


def split(output):
    """What a script printed; -> {number: (status or None where it did not come to its end, lines)}"""
    found, number = {}, None
    for line in output.replace("\r\n", "\n").split("\n"):
        if line.startswith(MARK + "begin "):
            number = int(line.split()[1])
            found[number] = (None, [])
        elif line.startswith(MARK + "end ") and number is not None:
            lines = found[number][1]
            # The mark stands on a line of its own whatever the output ended with.
            if lines and lines[-1] == "":
                lines.pop()
            found[number] = (int(line.split()[1]), lines)
            number = None
        elif number is not None:
            found[number][1].append(line)
    if number is not None and found[number][1][-1:] == [""]:
        found[number][1].pop()  # the text after the last line's end
    return found


def shape(line):
    line = SPACES.sub(" ", line).strip()
    return ANY.join(NUMBER.sub("0", part) for part in line.split(ANY))


def line_fits(wanted, got):
    pattern = ".*".join(re.escape(part.strip()) for part in shape(wanted).split(ANY))
    return re.fullmatch(pattern.replace(".*", r"\s*.*\s*"), shape(got)) is not None


def fits(wanted, got):
    """Whether the lines GOT are those WANTED"""
    wanted = [line for line in wanted if line.strip()]
    got = [line for line in got if line.strip()]
    places = {0}  # how many lines of `got` may have been used up so far
    for line in wanted:
        if line.strip() == ANY:
            places = set(range(min(places), len(got) + 1)) if places else set()
        else:
            places = {place + 1 for place in places if place < len(got) and line_fits(line, got[place])}
    return len(got) in places
