"""Hyperbolic geometry: embedding, angular separation, navigation."""
