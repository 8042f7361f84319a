"""A title of a few words made from a prompt, without a model: what the user asked for, in the user's own words."""

from __future__ import annotations

import re

MOST_WORDS = 7
MOST_CHARACTERS = 60
MOST_IDEOGRAPHS = 20
"""Characters of a title in a script that puts no blanks between words."""
NOTHING_SAID = "Coding session"

_CONTENT = re.compile(r"<(session|description)>(.*?)(?:</\1>|\Z)", re.DOTALL)
_REMINDER = re.compile(r"<(system-reminder|command-[a-z]+|local-command-[a-z]+)>.*?(?:</\1>|\Z)", re.DOTALL)
_TAG = re.compile(r"</?[A-Za-z][\w-]*>")
_INTRODUCTION = re.compile(
    r"^(?=.{0,200}\btitle\b).{0,300}?\bconversation\b[^\n]{0,80}?[:\n]\s*(?:(?:user|human):)?", re.I | re.S
)
_PRELUDE = re.compile(
    r"^(?:(?:hi|hello|hey)\b[\s,!.]*|(?:can|could|would|will) you\b\s*|please\b[\s,]*|let'?s\s+|help me (?:to )?"
    r"|i(?:'d| would) like (?:you )?to\s+|i (?:want|need) (?:you )?to\s+)+",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[\w)\]\"'`])[.!?;](?=\s|$)|[\n。！？]")
_IDEOGRAPHS = re.compile(r"[\u2e80-\u9fff\uac00-\ud7a3]")


def title_of(prompt: str) -> str:
    """Sentence case, at most `MOST_WORDS` words, one line, no full stop; never empty."""
    words = _subject(prompt[:20_000]).split()[:MOST_WORDS]
    while len(words) > 1 and len(" ".join(words)) > MOST_CHARACTERS:
        words.pop()
    title = " ".join(words)
    if _IDEOGRAPHS.search(title):
        title = title[:MOST_IDEOGRAPHS]
    title = title[:MOST_CHARACTERS].strip(" \t,;:.!?-–—\"'`*#>")
    return _sentence_case(title) if title else NOTHING_SAID


def branch_of(title: str) -> str:
    """`claude/fix-login-button`: the first four words of a title, lower case."""
    words = re.findall(r"[a-z0-9]+", title.lower())[:4]
    return "claude/" + ("-".join(words) or "session")


def _subject(prompt: str) -> str:
    """The first sentence that says something, greetings and courtesies left out."""
    inner = _CONTENT.search(prompt)
    text = inner[2] if inner else _INTRODUCTION.sub("", prompt, count=1)
    text = _TAG.sub(" ", _REMINDER.sub(" ", text))
    for sentence in _SENTENCE.split(text):
        subject = _PRELUDE.sub("", sentence.strip(" \t*#>-")).strip()
        if re.search(r"\w", subject):
            return subject
    return ""


def _sentence_case(title: str) -> str:
    """A Title In Capitals loses them; names inside an ordinary sentence keep theirs."""
    words = title.split(" ")
    if len(words) > 2 and all(word[:1].isupper() for word in words if word[:1].isalpha()):
        words = [words[0], *(word if word[1:] != word[1:].lower() else word.lower() for word in words[1:])]
    title = " ".join(words)
    return title[:1].upper() + title[1:]
