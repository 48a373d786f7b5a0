"""Reads the rules after `allow`: who may call a method."""
import re


def parse_permission(line, text):
    """The rule after `allow` as the reference writes it: {'user':...} or {'check': [...]}.

    `root` gives {}: only root@pam passes.
    """
    words = {"root": {}, "user": {"user": "all"}, "everyone": {"user": "world"}}
    if text in words:
        return words[text]
    result = {}
    if text.startswith("user; "):
        result["user"], text = "all", text[6:]
    tokens = re.findall(r"\(|\)|[^\s(),]+", text)
    check, rest = _expression(line, tokens)
    if rest:
        line.fail(f"'{rest[0]}' is not expected here")
    return {**result, "check": check}


def _expression(line, tokens):
    parts, words = [], []
    while True:
        if tokens and tokens[0] == "(":
            part, tokens = _expression(line, tokens[1:])
            if not tokens or tokens[0] != ")":
                line.fail("a ) is missing")
            tokens = tokens[1:]
        else:
            part, tokens = _atom(line, tokens)
        parts.append(part)
        if not tokens or tokens[0] not in ("and", "or"):
            break
        words.append(tokens[0])
        tokens = tokens[1:]
    if len(set(words)) > 1:
        line.fail("put parentheses around one of `and`, `or`")
    return ([words[0]] + parts if words else parts[0]), tokens


def _atom(line, tokens):
    if not tokens:
        line.fail("the rule ends too early")
    word, tokens = tokens[0], tokens[1:]
    if word in ("realm", "modify") and not tokens:
        line.fail("the rule ends too early")
    if word == "self":
        return ["userid-param", "self"], tokens
    if word == "realm":
        return ["userid-param", tokens[0]], tokens[1:]
    if word == "modify":
        return ["perm-modify", tokens[0]], tokens[1:]
    if word != "groups" and not word.startswith("/"):
        line.fail(f"'{word}' is not a rule")
    any_of = tokens[:1] == ["any"]
    tokens = tokens[1:] if any_of else tokens
    privileges = []
    while tokens and re.match(r"^[A-Z]\w+\.\w", tokens[0]):
        privileges.append(tokens[0])
        tokens = tokens[1:]
    if not privileges:
        line.fail("a rule needs a privilege")
    rule = ["userid-group", privileges] if word == "groups" else ["perm", word, privileges]
    if any_of:
        rule += ["any", 1]
    if tokens[:1] == ["if"] and len(tokens) > 1:
        rule += ["require_param", tokens[1]]
        tokens = tokens[2:]
    if tokens[:1] == ["on"] and len(tokens) > 1:
        rule += ["groups_param", tokens[1]]
        tokens = tokens[2:]
    return rule, tokens
