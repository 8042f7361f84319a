"""Several processes that are one server to whoever asks.

    parent ── listening socket, policy file, SIGHUP ──────────────┐ answers no request
      │ a line to each: a pair of sockets that nobody else has    │
    worker … worker ── requests ─ one asks, the parent asks all ──┘ reset, reload, roll-back, figures, events

Nothing of this is on the way of a request. With one process none of it is there.
"""
