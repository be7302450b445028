"""Channels hand messages over: adding one is one file here and one entry in `registry.py`."""
