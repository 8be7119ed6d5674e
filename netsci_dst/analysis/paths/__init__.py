"""Paths: distances, centralities, and directed paths from input to output."""
