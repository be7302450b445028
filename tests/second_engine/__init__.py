"""A second engine, for tests only: slow, obvious, and written from `docs/decisions.md` instead of from the first one.

It shares the typed rules and the plain facts with the first engine, and no line of how they are decided.
"""
