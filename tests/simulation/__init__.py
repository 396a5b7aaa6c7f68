"""Fleets of real managers in made-up time, where much goes wrong at once, and a judge who sees all.

Everything that happens follows from a seed, so whatever goes wrong can be watched again:
``python -m simulation --seed 7`` in the directory of the tests.
"""
