"""The protocol's side of the language server: requests of an editor to the functions of this room, and back.

Protocol: microsoft.github.io/language-server-protocol, version 3.17, spoken by pygls. Texts are synchronised whole:
a policy is small, and both sides then count lines alike.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from fcc import __version__
from fcc.environment import environment
from fcc.lsp import complete, hover, names
from fcc.lsp.file import File, is_ours
from providers.presets import catalogue
from rules import nodes
from rules.diagnostics import Diagnostic, Fix
from rules.format import CannotFormatError, formatted
from rules.nodes import Span

PAUSE = 0.15
"""Seconds without a keystroke before the file is checked."""

SEVERITIES = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "note": lsp.DiagnosticSeverity.Information,
}
UNUSED = ("FCC210", "FCC301", "FCC811")
"""Findings about text without effect, which editors fade."""

KINDS: dict[str, lsp.CompletionItemKind] = {
    "keyword": lsp.CompletionItemKind.Keyword,
    "fact": lsp.CompletionItemKind.Property,
    "value": lsp.CompletionItemKind.EnumMember,
    "model": lsp.CompletionItemKind.Class,
    "alias": lsp.CompletionItemKind.Variable,
    "chain": lsp.CompletionItemKind.Function,
    "route": lsp.CompletionItemKind.Method,
    "failure": lsp.CompletionItemKind.EnumMember,
    "unit": lsp.CompletionItemKind.Unit,
    "variable": lsp.CompletionItemKind.Constant,
}
SYMBOLS: dict[type, lsp.SymbolKind] = {
    nodes.Alias: lsp.SymbolKind.Variable,
    nodes.Chain: lsp.SymbolKind.Function,
    nodes.Route: lsp.SymbolKind.Method,
    nodes.Expect: lsp.SymbolKind.Event,
    nodes.Health: lsp.SymbolKind.Property,
    nodes.Limit: lsp.SymbolKind.Property,
    nodes.Offer: lsp.SymbolKind.Interface,
}
TRIGGERS = [" ", "(", ",", "/", "."]

server = LanguageServer("fcc", __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Full)
_files: dict[str, tuple[int | None, File]] = {}
_waiting: dict[str, asyncio.Task[None]] = {}


def opened(uri: str) -> File | None:
    """The file as the editor has it now; None when it is no policy."""
    document = server.workspace.get_text_document(uri)
    kept = _files.get(uri)
    if kept is not None and kept[0] == document.version and kept[1].text == document.source:
        return kept[1]
    path = to_fs_path(uri) or uri
    if not is_ours(path, document.source):
        return None
    file = File(path, document.source, environment(Path(path)), catalogue())
    _files[uri] = (document.version, file)
    return file


def range_of(file: File, span: Span) -> lsp.Range:
    return lsp.Range(lsp.Position(*file.position(span.start)), lsp.Position(*file.position(span.end)))


def located(uri: str, position: lsp.Position) -> tuple[File, int] | None:
    file = opened(uri)
    return (file, file.offset(position.line, position.character)) if file is not None else None


# --- findings ---------------------------------------------------------------------------------------------------


@server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
def did_open(_: LanguageServer, params: lsp.DidOpenTextDocumentParams) -> None:
    publish(params.text_document.uri)


@server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
def did_save(_: LanguageServer, params: lsp.DidSaveTextDocumentParams) -> None:
    """Checked anew: a `.env` beside the file may have changed."""
    _files.pop(params.text_document.uri, None)
    publish(params.text_document.uri)


@server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
async def did_change(_: LanguageServer, params: lsp.DidChangeTextDocumentParams) -> None:
    """As typed, once nothing was typed for a moment."""
    uri = params.text_document.uri
    if uri in _waiting:
        _waiting[uri].cancel()
    _waiting[uri] = asyncio.ensure_future(_later(uri))


async def _later(uri: str) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(PAUSE)
        publish(uri)


@server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
def did_close(_: LanguageServer, params: lsp.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    _files.pop(uri, None)
    if uri in _waiting:
        _waiting.pop(uri).cancel()
    server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))


def publish(uri: str) -> None:
    file = opened(uri)
    found = [_diagnostic(uri, file, one) for one in file.loaded.diagnostics] if file is not None else []
    server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, found))


def _diagnostic(uri: str, file: File, one: Diagnostic) -> lsp.Diagnostic:
    related = [
        lsp.DiagnosticRelatedInformation(lsp.Location(uri, range_of(file, label.span)), label.text)
        for label in one.labels
    ]
    return lsp.Diagnostic(
        range_of(file, one.span),
        f"{one.message}\n{one.help}" if one.help else one.message,
        severity=SEVERITIES[one.severity],
        code=one.code,
        source="fcc",
        tags=[lsp.DiagnosticTag.Unnecessary] if one.code in UNUSED else None,
        related_information=related or None,
    )


# --- reading ----------------------------------------------------------------------------------------------------


@server.feature(lsp.TEXT_DOCUMENT_HOVER)
def on_hover(_: LanguageServer, params: lsp.HoverParams) -> lsp.Hover | None:
    at = located(params.text_document.uri, params.position)
    found = hover.hover(*at) if at else None
    if at is None or found is None:
        return None
    span, said = found
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, said), range_of(at[0], span))


@server.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=TRIGGERS))
def on_completion(_: LanguageServer, params: lsp.CompletionParams) -> list[lsp.CompletionItem]:
    at = located(params.text_document.uri, params.position)
    if at is None:
        return []
    span, found = complete.complete(*at)
    where = range_of(at[0], span)
    return [
        lsp.CompletionItem(
            one.text,
            kind=KINDS[one.kind],
            detail=one.detail or None,
            sort_text=f"{index:04}",
            text_edit=lsp.TextEdit(where, one.text),
        )
        for index, one in enumerate(found)
    ]


@server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
def on_definition(_: LanguageServer, params: lsp.DefinitionParams) -> lsp.Location | None:
    at = located(params.text_document.uri, params.position)
    found = names.definition(*at) if at else None
    return lsp.Location(params.text_document.uri, range_of(at[0], found)) if at and found else None


@server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
def on_references(_: LanguageServer, params: lsp.ReferenceParams) -> list[lsp.Location]:
    at = located(params.text_document.uri, params.position)
    use = names.use_at(*at) if at else None
    if at is None or use is None:
        return []
    defining = params.context.include_declaration
    found = [one for one in names.same_name(at[0], use) if defining or not one.defines]
    return [lsp.Location(params.text_document.uri, range_of(at[0], one.span)) for one in found]


@server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
def on_symbols(_: LanguageServer, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
    file = opened(params.text_document.uri)
    return list(_symbols(file)) if file is not None else []


def _symbols(file: File) -> Iterator[lsp.DocumentSymbol]:
    for one in file.document.statements:
        whole = range_of(file, one.span)
        match one:
            case nodes.Alias() | nodes.Chain() | nodes.Route():
                word = one.name
            case nodes.Expect():
                word = one.route
            case nodes.Health() | nodes.Limit():
                word = one.glob
            case nodes.Offer():
                word = one.variable or one.things[0]
        detail = type(one).__name__.lower()
        yield lsp.DocumentSymbol(
            word.text or detail, SYMBOLS[type(one)], whole, range_of(file, word.span), detail=detail
        )


# --- changing ---------------------------------------------------------------------------------------------------


@server.feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
def on_prepare_rename(_: LanguageServer, params: lsp.PrepareRenameParams) -> lsp.Range | None:
    at = located(params.text_document.uri, params.position)
    use = names.use_at(*at) if at else None
    return range_of(at[0], use.span) if at and use else None


@server.feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
def on_rename(_: LanguageServer, params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
    at = located(params.text_document.uri, params.position)
    if at is None:
        return None
    try:
        edits = names.renamed(*at, params.new_name)
    except names.CannotRenameError as reason:
        raise JsonRpcInvalidParams(str(reason)) from None
    made = [lsp.TextEdit(range_of(at[0], span), text) for span, text in edits]
    return lsp.WorkspaceEdit({params.text_document.uri: made})


@server.feature(lsp.TEXT_DOCUMENT_FORMATTING)
def on_formatting(_: LanguageServer, params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit] | None:
    """The whole text anew; nothing while it cannot be read."""
    file = opened(params.text_document.uri)
    if file is None:
        return None
    try:
        made = formatted(file.text)
    except CannotFormatError:
        return None
    whole = Span(0, len(file.text))
    return [] if made == file.text else [lsp.TextEdit(range_of(file, whole), made)]


@server.feature(
    lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix])
)
def on_code_action(_: LanguageServer, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
    """The fixes of the findings that touch the range; a safe one is the preferred one."""
    uri = params.text_document.uri
    file = opened(uri)
    if file is None:
        return []
    start = file.offset(params.range.start.line, params.range.start.character)
    end = file.offset(params.range.end.line, params.range.end.character)
    touching = [one for one in file.loaded.diagnostics if one.span.start <= end and start <= one.span.end]
    return [_action(uri, file, one, one.fix) for one in touching if one.fix is not None]


def _action(uri: str, file: File, one: Diagnostic, fix: Fix) -> lsp.CodeAction:
    edits = [lsp.TextEdit(range_of(file, edit.span), edit.text) for edit in fix.edits]
    return lsp.CodeAction(
        fix.title,
        kind=lsp.CodeActionKind.QuickFix,
        diagnostics=[_diagnostic(uri, file, one)],
        is_preferred=fix.safe,
        edit=lsp.WorkspaceEdit({uri: edits}),
    )
