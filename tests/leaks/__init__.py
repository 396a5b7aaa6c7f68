"""Everything that goes wrong anywhere in the suite, once more, with a marked secret and token."""
