"""Tests of rules, run: a story becomes facts, the engine decides, and what was expected is compared with that."""
