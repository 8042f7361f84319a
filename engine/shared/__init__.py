"""More than one process: limits, health hints and probes shared through Redis or Valkey.

chain ─ state.claim ─▶ Shared.admit ─▶ admit.lua: one place in rate, width and probe, by the server's clock
                          │ Redis away: this process's own share of the limit
every second ─▶ beat.lua: who is alive, leases, hints          Redis new or empty ─▶ seed.lua, then ask again
"""
