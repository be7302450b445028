"""Seeded faults: each is a change to the engine that one of the tests has to notice.

`make mutants`, or `python -m tests.mutants [NAME…]`. `faults` lists them, `copies` runs tests on a copy of the package.
"""
