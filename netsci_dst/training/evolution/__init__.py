"""The topology update: parts that are registered by name, and the loop that knows none of them.

Every public module here holds parts of one kind and registers them: to add one is to write a
function in one file. The loop itself is `Engine` in ``_engine.py``.
"""
