"""Cells and boxes in words, as the language writes values: for tables and for the regions of a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rules.boxes import Box, TextPart
from rules.cells import Domain, FactKey, Numbers, Texts, Words, shown
from rules.globs import bits
from rules.literals import quote


def box_words(domains: Mapping[FactKey, Domain], box: Box) -> dict[str, str]:
    """What a box asks, fact by fact; facts that it leaves open are left out."""
    return {shown(key): part_words(domains, key, box) for key in domains if key in box}


def cell_words(domain: Domain) -> Iterator[str]:
    """Cells in words; of a text the globs that tell its values apart."""
    match domain:
        case Texts():
            yield from map(quote, domain.matcher.globs)
        case Words():
            yield from (_word(domain, one) for one in range(domain.size))
        case Numbers():
            yield from (_range(domain, one, one + 1) for one in range(domain.size))


def part_words(domains: Mapping[FactKey, Domain], key: FactKey, box: Box) -> str:
    """What a box asks of one fact."""
    domain, part = domains[key], box[key]
    if isinstance(domain, Texts) or isinstance(part, TextPart):
        assert isinstance(domain, Texts)
        assert isinstance(part, TextPart)
        globs = domain.matcher.globs
        asked = [" or ".join(quote(globs[one]) for one in bits(clause)) for clause in part.clauses]
        asked += [f"not {quote(globs[one])}" for one in bits(part.none)]
        return " and ".join(asked)
    if isinstance(domain, Words):
        missing = ((1 << domain.size) - 1) & ~part
        if missing.bit_count() * 3 <= domain.size:
            return " and ".join(f"not {_word(domain, one)}" for one in bits(missing))
        return ", ".join(_word(domain, one) for one in bits(part))
    starts = list(bits(part & ~(part << 1)))
    ends = [cell + 1 for cell in bits(part & ~(part >> 1))]
    return ", ".join(_range(domain, first, last) for first, last in zip(starts, ends, strict=True))


def _word(domain: Words, cell: int) -> str:
    value = domain.words[cell]
    return ("yes" if value else "no") if isinstance(value, bool) else value


def _range(domain: Numbers, first: int, last: int) -> str:
    """From the first value up to, not including, the end, as the language writes it."""
    low = domain.value(first)
    high = domain.value(last) if last < domain.size else domain.end
    if domain.end is not None:
        return f"{_clock(low)}..{_clock(high or 0)}"
    if high is None:
        return f"{low}.."
    return str(low) if high == low + 1 else f"{low}..{high}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
