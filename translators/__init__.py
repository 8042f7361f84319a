"""Dialects as pure state machines: bytes and values in, canonical events and bytes out. No clock, no socket."""
