"""What a person or a client touches: command line and HTTP server."""

__version__ = "0.1.0"
