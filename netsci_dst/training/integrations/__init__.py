"""Callbacks for other training frameworks; each needs the framework's own extra."""
