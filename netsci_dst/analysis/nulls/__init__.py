"""Null models: what a measure would be if only degrees, or only density, were as they are."""
