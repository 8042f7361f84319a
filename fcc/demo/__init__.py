"""`fcc demo`: two scripted upstreams on loopback, and a client that plays one request against them."""
