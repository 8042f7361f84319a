"""One file a code: what it finds, how bad it is, its page with a bad and a good example, and its check."""
