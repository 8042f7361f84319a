"""The tables of the ledger, each column declared once: the SQL, the rows that are written and the docs come from here.

Sessions are never written by us: a trigger adds every decision to the session it belongs to, so the two cannot differ,
and any number of servers may write to one file.
"""

from __future__ import annotations

import functools

import msgspec

APPLICATION = 0x66636331
"""`application_id` of the file (sqlite.org/pragma.html#pragma_application_id): "fcc1". Another file is left alone."""
VERSION = 1
"""`user_version` of the file."""


class Column(msgspec.Struct, frozen=True):
    name: str
    type: str
    doc: str


class Table(msgspec.Struct, frozen=True):
    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    """Primary key; empty: rows are numbered by `id`, in the order of their commit."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def sql(self) -> str:
        lines = [f"{column.name} {column.type}" for column in self.columns]
        if self.key:
            lines.append(f"PRIMARY KEY ({', '.join(self.key)})")
        else:
            lines.insert(0, "id INTEGER PRIMARY KEY")
        end = ") WITHOUT ROWID" if self.key else ")"
        return f"CREATE TABLE {self.name} ({', '.join(lines)}{end}"


DECISIONS = Table(
    "decisions",
    "One row a request that a policy decided on: never a prompt, never a key.",
    (
        Column("request", "TEXT", "request id, as in the header `request-id`"),
        Column("at", "REAL", "when the request came in, in seconds since 1970"),
        Column("session", "TEXT", "session id, empty when the client named none"),
        Column("sub_agent", "TEXT", "sub-agent id, empty for the main conversation"),
        Column("client", "TEXT", "name of the token that was used, empty for the server's own"),
        Column("task", "TEXT", "what kind of request it was"),
        Column("asked", "TEXT", "model the client asked for"),
        Column("stream", "INTEGER", "1 when the answer was streamed"),
        Column("bytes", "INTEGER", "size of the request's body"),
        Column("route", "TEXT", "route that took the request, empty when none did"),
        Column("target", "TEXT", "model that answered, or answered last, as provider/model"),
        Column("status", "INTEGER", "HTTP status; 499: the client left"),
        Column("error", "TEXT", "error type the client was told; null when it has its answer"),
        Column("failovers", "INTEGER", "times the request went on to another model"),
        Column("first_token_ms", "REAL", "milliseconds to the first content, null when there was none"),
        Column("ms", "REAL", "milliseconds to the end of the answer"),
        Column("tokens_in", "INTEGER", "prompt tokens, cached ones left out; null when not known"),
        Column("tokens_out", "INTEGER", "answer tokens, thinking included"),
        Column("cache_read", "INTEGER", "prompt tokens that were read from the provider's cache"),
        Column("cache_write", "INTEGER", "prompt tokens that were written to it"),
        Column("generation", "TEXT", "id of the policy that decided"),
        Column(
            "attempts",
            "TEXT",
            "JSON list of {target, failure, after, ms, first_token_ms, status, message}, in order; the last two, of a "
            "failure alone, are the upstream's, without keys or pieces of the prompt",
        ),
        Column("skipped", "TEXT", "JSON list of {target, why}: candidates that were not asked, and why"),
        Column(
            "facts", "TEXT", "JSON object of the request's facts, as `fcc explain` takes them; zeros left out"
        ),
    ),
)
SESSIONS = Table(
    "sessions",
    "Sums over the decisions of one session and sub-agent; they outlive the decisions themselves.",
    (
        Column("session", "TEXT", "session id, empty for requests without one"),
        Column("sub_agent", "TEXT", "sub-agent id, empty for the main conversation"),
        Column("client", "TEXT", "name of the token that was used last"),
        Column("first_seen", "REAL", "seconds since 1970"),
        Column("last_seen", "REAL", "seconds since 1970"),
        Column("requests", "INTEGER", "all of them, failed ones included"),
        Column(
            "errors", "INTEGER", "requests that got no whole answer; those the client left are not among them"
        ),
        Column("failovers", "INTEGER", "times a request went on to another model"),
        Column("tokens_in", "INTEGER", "prompt tokens, cached ones left out"),
        Column("tokens_out", "INTEGER", "answer tokens"),
        Column("cache_read", "INTEGER", "prompt tokens from the provider's cache"),
        Column("first_tokens", "INTEGER", "requests with content"),
        Column("first_token_ms", "REAL", "sum of their milliseconds to the first content"),
        Column("first_token_most", "REAL", "the slowest of them"),
    ),
    ("session", "sub_agent"),
)
USES = Table(
    "uses",
    "How often a session took a route and which model answered.",
    (
        Column("session", "TEXT", "session id"),
        Column("sub_agent", "TEXT", "sub-agent id"),
        Column("route", "TEXT", "route"),
        Column("target", "TEXT", "model, as provider/model"),
        Column("requests", "INTEGER", "how often"),
    ),
    ("session", "sub_agent", "route", "target"),
)
ASIDES = Table(
    "asides",
    "Blocks of more than a minute, and verdicts: put aside again when the server starts, until their time is over.",
    (
        Column("subject", "TEXT", "JSON list: provider, number of its key, model if it is about one"),
        Column("until", "REAL", "seconds since 1970"),
        Column("why", "TEXT", "in the provider's words"),
        Column("verdict", "TEXT", "failure kind of a verdict, null for a block"),
        Column("generation", "TEXT", "policy under which it was found: a verdict falls with it"),
        Column("mark", "TEXT", "four bytes of a salted hash that tell whether it is still the same key"),
    ),
    ("subject",),
)
GENERATIONS = Table(
    "generations",
    "Every policy file that was read while serving, taken or refused.",
    (
        Column("at", "REAL", "seconds since 1970"),
        Column("generation", "TEXT", "id of the policy that has been served since"),
        Column("accepted", "INTEGER", "0 when the file was refused and the earlier policy stayed"),
        Column("who", "TEXT", "start, file, signal, or the address that asked for a reload"),
        Column("path", "TEXT", "the file"),
        Column("findings", "TEXT", "JSON list of texts: what kept it from being served"),
    ),
)
META = Table(
    "meta",
    "What the file knows of itself.",
    (Column("name", "TEXT", "`salt`"), Column("value", "TEXT", "for `salt`, random: see `asides.mark`")),
    ("name",),
)

TABLES = (DECISIONS, SESSIONS, USES, ASIDES, GENERATIONS, META)

ERROR = "(new.error IS NOT NULL AND new.status <> 499)"

REMEMBER = f"""
CREATE TRIGGER remember AFTER INSERT ON decisions BEGIN
  INSERT INTO sessions VALUES (
    new.session, new.sub_agent, new.client, new.at, new.at, 1, {ERROR}, new.failovers,
    ifnull(new.tokens_in, 0), ifnull(new.tokens_out, 0), ifnull(new.cache_read, 0),
    new.first_token_ms IS NOT NULL, ifnull(new.first_token_ms, 0), ifnull(new.first_token_ms, 0)
  ) ON CONFLICT DO UPDATE SET
    client = new.client,
    first_seen = min(first_seen, new.at),
    last_seen = max(last_seen, new.at),
    requests = requests + 1,
    errors = errors + excluded.errors,
    failovers = failovers + excluded.failovers,
    tokens_in = tokens_in + excluded.tokens_in,
    tokens_out = tokens_out + excluded.tokens_out,
    cache_read = cache_read + excluded.cache_read,
    first_tokens = first_tokens + excluded.first_tokens,
    first_token_ms = first_token_ms + excluded.first_token_ms,
    first_token_most = max(first_token_most, excluded.first_token_most);
  INSERT INTO uses VALUES (new.session, new.sub_agent, new.route, new.target, 1)
    ON CONFLICT DO UPDATE SET requests = requests + 1;
END"""
FORGET = """
CREATE TRIGGER forget AFTER DELETE ON sessions BEGIN
  DELETE FROM uses WHERE session = old.session AND sub_agent = old.sub_agent;
END"""

SCHEMA = (
    *(table.sql for table in TABLES),
    "CREATE INDEX decisions_by_session ON decisions (session, id)",
    REMEMBER,
    FORGET,
    "INSERT INTO meta VALUES ('salt', lower(hex(randomblob(16))))",
)


@functools.cache
def insert(table: Table, rows: int = 1) -> str:
    """Takes the values of so many rows, one after the other."""
    verb = "INSERT OR REPLACE" if table.key else "INSERT"
    row = f"({', '.join('?' * len(table.columns))})"
    return f"{verb} INTO {table.name} ({', '.join(table.names)}) VALUES {', '.join([row] * rows)}"


@functools.cache
def delete(table: Table, rows: int = 1) -> str:
    """Takes the keys of so many rows of a table whose key is one column."""
    return f"DELETE FROM {table.name} WHERE {table.key[0]} IN ({', '.join('?' * rows)})"


def ledger_tables() -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """For the docs: name and purpose of each table, and its columns as (name, SQL type, meaning)."""
    return [
        (table.name, table.doc, [(one.name, one.type, one.doc) for one in table.columns]) for table in TABLES
    ]
