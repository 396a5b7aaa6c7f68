"""What the tests of every backend share: its server, and all that can befall the way to it."""
