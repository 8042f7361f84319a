"""Makes the parts of the documentation that follow from the code: `python docs/make.py`. With `--check` it only looks,
with names of pages it makes those alone.

A page marks such a part by two comments, and this script writes what belongs between them:

    <!-- made by docs/make.py: facts -->
    <!-- /made -->

`generate.PARTS` names the parts. Of every `console` block the commands stay and what they print is written anew: they
run in a folder that holds the files the page has shown so far, in its `toml` blocks with a `title`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from generate.pages import made, pages

FOLDER = Path(__file__).parent


def main(words: list[str]) -> int:
    """0 when all pages are, or were made, up to date; 1 when `--check` finds one that is not."""
    check, stale = "--check" in words, 0
    named = {Path(word).stem for word in words if not word.startswith("-")}
    for path in pages(FOLDER):
        if named and path.stem not in named:
            continue
        text = path.read_text(encoding="utf-8")
        wanted = made(text)
        if wanted != text:
            stale += 1
            print(f"{'out of date' if check else 'made'}: {path.relative_to(FOLDER)}")
            if not check:
                path.write_text(wanted, encoding="utf-8")
    return int(check and stale > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
