"""What holds for the tests of every backend is what holds for those of the library."""

pytest_plugins = ["everywhere"]
