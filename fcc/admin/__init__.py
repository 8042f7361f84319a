"""What the person who runs the server may see and do: state, sessions, decisions, policy, reload, reset."""
