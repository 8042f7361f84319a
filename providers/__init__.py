"""One call to one upstream: presets as data, keys, transport, and the mapping of what went wrong."""
