"""Turns the regular expressions of the API description into state tables.

The patterns are Perl's. Those that the description uses are regular in the strict sense (no
back reference, no look-around), so each becomes an automaton over bytes that needs one step a
byte. What this cannot express is an error, never a silent difference.

Characters are Unicode: a set that holds everything outside ASCII ([^...], '.', \\S, \\w) takes a
whole UTF-8 sequence as one character. Ranges with explicit members outside ASCII are refused.
"""
import collections
import re
try:
    import re._parser as sre_parse
    import re._constants as sre
except ImportError:  # before Python 3.11
    import sre_parse
    import sre_constants as sre

ASCII = (1 << 128) - 1


def _mask(chars):
    value = 0
    for c in chars:
        value |= 1 << c
    return value


DIGIT = _mask(range(48, 58))
WORD = DIGIT | _mask(range(65, 91)) | _mask(range(97, 123)) | 1 << 95
SPACE = _mask((9, 10, 11, 12, 13, 32))
# category → (ASCII members, whether the rest of Unicode belongs to it)
CATEGORIES = {
    sre.CATEGORY_DIGIT: (DIGIT, False), sre.CATEGORY_NOT_DIGIT: (ASCII & ~DIGIT, True),
    sre.CATEGORY_WORD: (WORD, True), sre.CATEGORY_NOT_WORD: (ASCII & ~WORD, True),
    sre.CATEGORY_SPACE: (SPACE, False), sre.CATEGORY_NOT_SPACE: (ASCII & ~SPACE, True),
}


Automaton = collections.namedtuple(
    "Automaton", "classes next class_count first_accepting accepts_empty")


class PatternError(Exception):
    """A pattern that these tables cannot express."""


class Nfa:
    """States are numbers; edges carry a 256-bit byte set or None for an empty move."""

    def __init__(self):
        self.edges = []

    def state(self):
        self.edges.append([])
        return len(self.edges) - 1

    def edge(self, start, end, byte_set=None):
        self.edges[start].append((byte_set, end))

    def character(self, start, end, ascii_set, beyond):
        if ascii_set:
            self.edge(start, end, ascii_set)
        if beyond:
            tail = [end, self.state(), self.state()]
            follow = _mask(range(0x80, 0xC0))
            self.edge(tail[1], end, follow)
            self.edge(tail[2], tail[1], follow)
            last = self.state()
            self.edge(last, tail[2], follow)
            self.edge(start, tail[1], _mask(range(0xC2, 0xE0)))
            self.edge(start, tail[2], _mask(range(0xE0, 0xF0)))
            self.edge(start, last, _mask(range(0xF0, 0xF5)))


def _fold(ascii_set):
    for upper in range(65, 91):
        if ascii_set >> upper & 1 or ascii_set >> (upper + 32) & 1:
            ascii_set |= 1 << upper | 1 << (upper + 32)
    return ascii_set


def _set_of(items, ignore_case, pattern):
    members, beyond, negate = 0, False, False
    for op, value in items:
        if op is sre.NEGATE:
            negate = True
        elif op is sre.LITERAL:
            if value > 127:
                raise PatternError(f"character outside ASCII in {pattern}")
            members |= 1 << value
        elif op is sre.RANGE:
            if value[1] > 127:
                raise PatternError(f"range outside ASCII in {pattern}")
            members |= _mask(range(value[0], value[1] + 1))
        elif op is sre.CATEGORY:
            more, rest = CATEGORIES[value]
            members, beyond = members | more, beyond or rest
        else:
            raise PatternError(f"unsupported set member {op} in {pattern}")
    if ignore_case:
        members = _fold(members)
    return (ASCII & ~members, not beyond) if negate else (members, beyond)


class Builder:
    def __init__(self, pattern):
        self.pattern, self.nfa = pattern, Nfa()

    def sequence(self, items, start, ignore_case):
        items = list(items)
        for position, (op, value) in enumerate(items):
            if op is sre.AT:
                # Only ^ before and $ after everything: the whole text is matched anyway.
                begins = value in (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING)
                if begins and position == 0 or value in (sre.AT_END, sre.AT_END_STRING) and \
                        position == len(items) - 1:
                    continue
                raise PatternError(f"anchor inside {self.pattern}")
            start = self.item(op, value, start, ignore_case)
        return start

    def item(self, op, value, start, ignore_case):
        if op is sre.LITERAL or op is sre.NOT_LITERAL:
            items = [(sre.LITERAL, value)] + ([(sre.NEGATE, None)] if op is sre.NOT_LITERAL else [])
            return self.character(_set_of(items, ignore_case, self.pattern), start)
        if op is sre.ANY:
            return self.character((ASCII & ~(1 << 10), True), start)
        if op is sre.IN:
            return self.character(_set_of(value, ignore_case, self.pattern), start)
        if op is sre.CATEGORY:
            return self.character(CATEGORIES[value], start)
        if op is sre.SUBPATTERN:
            _, add, remove, inner = value
            flags = (ignore_case or bool(add & re.I)) and not remove & re.I
            return self.sequence(inner, start, flags)
        if op is getattr(sre, "ATOMIC_GROUP", None):
            # Taken as a plain group: the same language wherever what follows cannot begin with
            # what the group would have given back, which holds for the one pattern that has it.
            return self.sequence(value, start, ignore_case)
        if op is sre.BRANCH:
            end = self.nfa.state()
            for branch in value[1]:
                self.nfa.edge(self.sequence(branch, start, ignore_case), end)
            return end
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            return self.repeat(value, start, ignore_case)
        raise PatternError(f"unsupported {op} in {self.pattern}")

    def character(self, char_set, start):
        end = self.nfa.state()
        self.nfa.character(start, end, *char_set)
        return end

    def repeat(self, value, start, ignore_case):
        low, high, inner = value
        for _ in range(low):
            start = self.sequence(inner, self.fresh(start), ignore_case)
        if high is sre.MAXREPEAT:
            loop = self.fresh(start)
            self.nfa.edge(self.sequence(inner, loop, ignore_case), loop)
            return self.fresh(loop)
        end = self.nfa.state()
        for _ in range(high - low):
            self.nfa.edge(start, end)
            start = self.sequence(inner, self.fresh(start), ignore_case)
        self.nfa.edge(start, end)
        return end

    def fresh(self, state):
        """A state of its own after `state`, so that loops do not leak into what comes before."""
        after = self.nfa.state()
        self.nfa.edge(state, after)
        return after


def _columns(nfa):
    """Byte → class: bytes that no edge tells apart share a class."""
    signatures, classes = {}, []
    sets = sorted({s for edges in nfa.edges for s, _ in edges if s is not None})
    for byte in range(256):
        signature = tuple(s >> byte & 1 for s in sets)
        classes.append(signatures.setdefault(signature, len(signatures)))
    return classes, len(signatures)


def compile_pattern(pattern):
    """The Automaton of a Perl pattern, which must match the whole text."""
    python = re.sub(r"\(\?\^([a-z]*):", lambda m: "(?i:" if "i" in m[1] else "(?:", pattern)
    python = re.sub(r"\(\?\(\?", "(?:(?", python)
    try:
        parsed = sre_parse.parse(python, re.ASCII)
    except re.error as error:
        raise PatternError(f"{error} in {pattern}") from error
    builder = Builder(pattern)
    nfa = builder.nfa
    start = nfa.state()
    end = builder.sequence(parsed, start, False)
    classes, count = _columns(nfa)
    sample = [classes.index(c) for c in range(count)]

    closures = {}

    def closure(states):
        seen, todo = set(), list(states)
        while todo:
            state = todo.pop()
            if state not in seen:
                seen.add(state)
                todo += [t for s, t in nfa.edges[state] if s is None]
        return frozenset(s for s in seen
                         if s == end or any(e is not None for e, _ in nfa.edges[s]))

    first = closure([start])
    numbers, order, rows = {first: 0}, [first], []
    for current in order:
        row = []
        for byte in sample:
            target = frozenset(t for s in current for e, t in nfa.edges[s]
                               if e is not None and e >> byte & 1)
            if not target:
                row.append(None)
                continue
            if target not in closures:
                closures[target] = closure(target)
            reached = closures[target]
            if reached not in numbers:
                numbers[reached] = len(order)
                order.append(reached)
            row.append(numbers[reached])
        rows.append(row)
    return _renumber(rows, order, end, classes, count, pattern)


def _renumber(rows, order, end, classes, count, pattern):
    """Dead state 0, start 1, accepting states last.

    A start that accepts gets a twin that does not, and the empty text a flag of its own.
    """
    accepting = [end in states for states in order]
    accepts_empty = accepting[0]
    if accepts_empty:
        rows = [[None if t is None else t + 1 for t in row] for row in rows]
        rows, accepting = [rows[0]] + rows, [False] + accepting
    inner = [i for i in range(1, len(rows)) if not accepting[i]]
    last = [i for i in range(1, len(rows)) if accepting[i]]
    number = {old: new for new, old in enumerate([0] + inner + last, 1)}
    if len(number) > 65534:
        raise PatternError(f"too many states for {pattern}")
    table = [0] * count
    for old in [0] + inner + last:
        table += [0 if t is None else number[t] for t in rows[old]]
    return Automaton(classes, table, count, len(inner) + 2, accepts_empty)
