"""Decides and dispatches: facts of a request, router, chain run, health, limits, generation."""
