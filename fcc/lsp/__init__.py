"""The language server: what an editor asks, answered from the same parser, lint and formatter as the commands.

editor ⇄ server (pygls) ─▶ file (text → Loaded, Document, Names) ─▶ complete, hover, names, actions
"""
